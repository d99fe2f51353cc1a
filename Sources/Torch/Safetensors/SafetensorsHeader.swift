/// The checked header of a safetensors file, with the place of each tensor.
///
/// A file starts with eight little-endian bytes that hold the length n of the header. Then follow n bytes of JSON,
/// `{"__metadata__": {…}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …}`. The data
/// follows without gaps, and the offsets count from its start. A header that parses is true: each range is inside the
/// file and has the size of its shape, no two ranges overlap, and together they fill the data.
public struct SafetensorsHeader: Equatable, Sendable {
  /// A tensor in the file.
  public struct Entry: Equatable, Sendable {
    /// The tensor's name.
    public var name: String
    /// The type of its elements.
    public var dtype: SafetensorsType
    /// The tensor's extents, empty for a scalar.
    public var shape: [Int]
    /// The tensor's bytes, counted from the start of the file. They need not be aligned to the element size.
    public var range: Range<Int>
  }

  /// The maximum length of a header in bytes. The reference implementation has the same bound.
  public static let longestHeader = 100_000_000

  /// The tensors in the order of their data.
  public let entries: [Entry]
  /// The free entries under `__metadata__`.
  public let metadata: [String: String]

  /// Parses and checks the header of a whole file.
  ///
  /// - Parameters:
  ///   - bytes: The file, header and data.
  ///   - file: The file's name for faults.
  /// - Throws: `Fault(.badData)` with the tensor's name, the value found and the value expected.
  public init(parsing bytes: UnsafeRawBufferPointer, file: String? = nil) throws(Fault) {
    let header = try Self.headerBytes(of: bytes, file: file)
    guard header.first == UInt8(ascii: "{") else {
      throw Fault(.badData, "the header of a safetensors file must be a JSON object", file: file, expected: "`{` first")
    }
    // `{ name: { shape: [ ] } }` nests three levels, and nothing in the format nests deeper.
    let document = try OrderedJSON(parsing: header, file: file, depthLimit: 8)
    guard case .object(let members) = document else {
      throw Fault(
        .badData, "the header of a safetensors file must be a JSON object", file: file, found: document.kindName)
    }
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    let dataStart = 8 + header.count
    for member in members {
      if member.key == "__metadata__" {
        metadata = try Self.metadata(member.value, file: file)
      } else {
        let field = Field(tensor: member.key, value: member.value, file: file)
        entries.append(try field.entry(dataStart: dataStart, fileSize: bytes.count))
      }
    }
    self.entries = try Self.inOrder(entries, dataStart: dataStart, fileSize: bytes.count, file: file)
    self.metadata = metadata
  }

  private static func headerBytes(
    of bytes: UnsafeRawBufferPointer, file: String?
  ) throws(Fault) -> UnsafeRawBufferPointer {
    guard bytes.count >= 8 else {
      throw Fault(
        .badData, "the file is too short for a safetensors file", file: file, found: "\(bytes.count) bytes",
        expected: "at least 8")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(longestHeader) else {
      throw Fault(
        .badData, "the header of the safetensors file is too long", file: file, found: "\(length) bytes",
        expected: "at most \(longestHeader)", remedy: "check that this is a safetensors file")
    }
    guard length <= UInt64(bytes.count - 8) else {
      throw Fault(
        .badData, "the safetensors file ends within its header", file: file, found: "\(bytes.count) bytes",
        expected: "\(8 + length) for the header alone", remedy: "copy or download the file again")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[8..<8 + Int(length)])
  }

  private static func metadata(_ value: OrderedJSON, file: String?) throws(Fault) -> [String: String] {
    guard case .object(let members) = value else {
      throw Fault(
        .badData, "the metadata must be an object", file: file, key: "__metadata__", found: value.kindName,
        expected: "an object")
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard case .string(let text) = member.value else {
        throw Fault(
          .badData, "a metadata entry must be a string", file: file, key: "__metadata__.\(member.key)",
          found: member.value.kindName, expected: "a string")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  /// Returns the entries in the order of their data, and checks that they fill it without overlap and gap.
  private static func inOrder(
    _ entries: [Entry], dataStart: Int, fileSize: Int, file: String?
  ) throws(Fault) -> [Entry] {
    let entries = entries.enumerated().sorted {
      ($0.element.range.lowerBound, $0.element.range.upperBound, $0.offset)
        < ($1.element.range.lowerBound, $1.element.range.upperBound, $1.offset)
    }.map(\.element)
    var end = dataStart
    for entry in entries {
      let begin = entry.range.lowerBound
      guard begin == end else {
        throw Fault(
          .badData, begin < end ? "two tensors overlap" : "there is a gap before a tensor", file: file,
          key: entry.name, found: "data from \(begin - dataStart)", expected: "data from \(end - dataStart)")
      }
      end = entry.range.upperBound
    }
    guard end == fileSize else {
      throw Fault(
        .badData, "bytes stand behind the last tensor", file: file, found: "\(fileSize - dataStart) bytes of data",
        expected: "\(end - dataStart)")
    }
    return entries
  }
}

/// The description of one tensor in the header.
private struct Field {
  let tensor: String
  let value: OrderedJSON
  let file: String?

  func entry(dataStart: Int, fileSize: Int) throws(Fault) -> SafetensorsHeader.Entry {
    guard case .object = value else {
      throw fault("a tensor must be described by an object", found: value.kindName, expected: "an object")
    }
    let dtype = try dtype()
    let shape = try integers("shape")
    if let extent = shape.first(where: { $0 < 0 }) {
      throw fault("a shape holds a negative extent", found: "\(extent) in \(shape)", expected: "extents of 0 or more")
    }
    guard let size = dtype.byteCount(of: shape) else {
      throw fault("a shape is too large", found: "\(shape)", expected: "at most \(Int.max) bytes")
    }
    let offsets = try integers("data_offsets")
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw fault("data_offsets make no range", found: "\(offsets)", expected: "[begin, end] with 0 ≤ begin ≤ end")
    }
    guard offsets[1] <= fileSize - dataStart else {
      throw fault(
        "a tensor reaches beyond the end of the file", found: "data up to \(offsets[1])",
        expected: "at most \(fileSize - dataStart)", remedy: "copy or download the file again")
    }
    guard offsets[1] - offsets[0] == size else {
      throw fault(
        "a tensor's data has another size than its shape", found: "\(offsets[1] - offsets[0]) bytes",
        expected: "\(size) for \(dtype.rawValue) \(shape)")
    }
    return .init(name: tensor, dtype: dtype, shape: shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
  }

  private func dtype() throws(Fault) -> SafetensorsType {
    let known = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
    guard case .string(let name)? = value["dtype"] else {
      throw fault("a tensor has no dtype", found: value["dtype"]?.kindName ?? "nothing", expected: "one of \(known)")
    }
    guard let dtype = SafetensorsType(rawValue: name) else {
      throw fault("the dtype is unknown", found: "`\(name)`", expected: "one of \(known)")
    }
    return dtype
  }

  private func integers(_ key: String) throws(Fault) -> [Int] {
    guard case .array(let elements)? = value[key] else {
      throw fault("a tensor has no \(key)", found: value[key]?.kindName ?? "nothing", expected: "a list of integers")
    }
    var integers: [Int] = []
    for element in elements {
      guard case .integer(let integer) = element else {
        throw fault("\(key) must hold integers", found: element.kindName, expected: "64-bit integers")
      }
      integers.append(integer)
    }
    return integers
  }

  private func fault(_ problem: String, found: String, expected: String, remedy: String? = nil) -> Fault {
    Fault(.badData, problem, file: file, key: tensor, found: found, expected: expected, remedy: remedy)
  }
}
