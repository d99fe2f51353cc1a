import Polyphony

/// The numbers of one sample, from a `.npy` file or from a CSV file with a row per step.
package struct SampleArray {
  /// The numbers in row-major order.
  package let values: [Float]
  /// The extents of the array.
  package let shape: [Int]

  /// The maximum number of values. A larger array is no single sample.
  private static let mostValues = 1 << 26

  /// Reads a file by its ending: `npy`, or `csv` and `tsv` for text.
  /// - Throws: `Fault(.missingInput)` without a readable file, `Fault(.badData)` for other content.
  package init(_ path: String, ending: String) throws(Fault) {
    let file: RandomAccessFile
    do throws(Fault) {
      file = try RandomAccessFile(path)
    } catch {
      var fault = error
      fault.expected = "a file with one sample"
      throw fault
    }
    if ending == "npy" { try self.init(numpy: file) } else { try self.init(table: file) }
  }

  private init(numpy file: RandomAccessFile) throws(Fault) {
    let array = try NumPyFile(file).array
    guard array.type.isNumber, array.count <= Self.mostValues, case .bytes(let range) = array.content else {
      throw Fault(
        .badData, "the array is not one sample of numbers", file: file.path, found: array.summary,
        expected: "at most \(Self.mostValues) numbers")
    }
    var stored = [Float](repeating: 0, count: array.count)
    try withRawBytes(of: try range.bytes()) { (raw) throws(Fault) in
      stored.withUnsafeMutableBufferPointer { array.type.convert(raw, to: $0) }
    }
    shape = array.shape
    values = array.isFortran ? Self.rowMajor(stored, array.shape) : stored
  }

  /// Reads rows of numbers. A first row with a word in it is a header.
  private init(table file: RandomAccessFile) throws(Fault) {
    var reader = try CSVReader(file)
    var values: [Float] = []
    var width: Int?
    var rows = 0
    var isFirst = true
    while let row = try reader.next() {
      let numbers = row.map { Float($0.filter { !$0.isWhitespace }) }
      let isHeader = isFirst && numbers.contains(nil) && row.allSatisfy { !$0.isEmpty }
      isFirst = false
      if width == nil { width = row.count }
      guard row.count == width else {
        throw reader.fault(
          "a row has another number of fields than the first", found: "\(row.count)", expected: "\(width ?? 0)")
      }
      if isHeader { continue }
      for (index, number) in numbers.enumerated() {
        guard let number, number.isFinite else {
          throw reader.fault(
            "a field is not a finite number", column: "\(index + 1)", found: "«\(row[index].prefix(40))»",
            expected: "a number", remedy: "fill the gap, for example with 0")
        }
        values.append(number)
      }
      rows += 1
      guard values.count <= Self.mostValues else {
        throw reader.fault("the table is too large for one sample", found: "more than \(Self.mostValues) numbers")
      }
    }
    guard let width, rows > 0 else {
      throw Fault(.badData, "the table has no rows", file: file.path, expected: "a row of numbers per step")
    }
    (self.values, shape) = (values, [rows, width])
  }

  /// Reorders an array whose first index runs fastest.
  private static func rowMajor(_ stored: [Float], _ shape: [Int]) -> [Float] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    return stored.indices.map { index in
      var (rest, place) = (index, 0)
      for axis in shape.indices.reversed() {
        place += rest % shape[axis] * strides[axis]
        rest /= shape[axis]
      }
      return stored[place]
    }
  }
}
