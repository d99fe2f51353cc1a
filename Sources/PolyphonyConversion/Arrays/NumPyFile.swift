import Polyphony

/// A file of the `.npy` format, versions 1 to 3: a header that is a Python dictionary, then the elements.
struct NumPyFile {
  /// The array in the file.
  let array: NumPyArray

  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  /// Reads the header of an array in a part of a file.
  /// - Parameters:
  ///   - range: The place of the array, by default the whole file.
  ///   - name: The member of an archive, for faults.
  /// - Throws: `Fault(.badData)` for an invalid header.
  init(_ file: RandomAccessFile, _ range: Range<Int>? = nil, name: String? = nil) throws(Fault) {
    func fault(_ problem: String, found: String, expected: String, remedy: String? = nil) -> Fault {
      Fault(.badData, problem, file: file.path, key: name, found: found, expected: expected, remedy: remedy)
    }
    var cursor = ByteCursor(file, range)
    let total = cursor.remaining
    guard let start = try cursor.next(8), Array(start[..<6]) == Self.magic else {
      throw fault("this is no .npy array", found: "\(total) bytes", expected: "the letters \\x93NUMPY in front")
    }
    guard (1...3).contains(start[6]) else {
      throw fault("the version of the .npy format is unknown", found: "\(start[6])", expected: "1, 2 or 3")
    }
    let width = start[6] == 1 ? 2 : 4
    guard let digits = try cursor.next(width) else {
      throw fault("the header is cut off", found: "\(total) bytes", expected: "\(8 + width) or more")
    }
    let length = digits.reversed().reduce(0) { $0 << 8 | Int($1) }
    // A header holds a type and a shape. A longer one is a structure, or not a header.
    guard length <= 1 << 16, let bytes = try cursor.next(length) else {
      throw fault("the header is cut off or too long", found: "\(length) bytes", expected: "at most 65536 and the file")
    }
    let header: NumPyHeader
    do throws(NumPyHeader.Failure) {
      header = try NumPyHeader(parsing: bytes)
    } catch {
      throw fault(
        "the header is not understood", found: error.found, expected: "descr, fortran_order and shape", remedy: nil)
    }
    guard let type = ElementType(header.descriptor) else {
      throw fault("the element type is unknown", found: header.descriptor, expected: "numbers, such as <f4")
    }
    guard type.kind != .object else {
      throw fault(
        "the array holds Python objects", found: "dtype=object",
        expected: "numbers or fixed-length strings",
        remedy: "an .npy file stores objects as a pickle within; save a "
          + "plain array: np.stack(array).astype('float32')")
    }
    let data = ByteRange.file(file, offset: cursor.position, count: cursor.remaining)
    guard
      let array = NumPyArray(
        type: type, shape: header.shape, isFortran: header.isFortran, content: .bytes(data))
    else {
      throw fault(
        "the data does not fit the header", found: "\(data.count) bytes",
        expected: "\(type.name) \(header.shape)", remedy: "copy or download the file again")
    }
    self.array = array
  }
}
