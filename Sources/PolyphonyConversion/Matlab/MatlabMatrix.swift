import Polyphony

/// A variable of a MAT-file of version 5.
struct MatlabMatrix {
  /// The name of the variable. Cells have none.
  let name: String
  /// The content as a column of samples.
  let column: SourceColumn

  /// The classes of arrays, by the numbers of the format.
  private enum Class: Int {
    case cell = 1
    case structure, object, characters, sparse
    case double, single, int8, uint8, int16, uint16, int32, uint32, int64, uint64
    case function, opaque
  }

  /// The maximum number of bytes of texts in memory.
  static let mostTextBytes = 64 << 20

  /// Reads the parts of an element: flags, extents, name, and content.
  /// - Throws: `Fault(.badData)` for parts that are cut off or do not fit together.
  init(_ element: MatlabElement, in part: MatlabPart) throws(Fault) {
    let limit = element.content.upperBound
    let flags = try part.element(at: element.content.lowerBound, before: limit)
    let extents = try part.element(at: flags.end, before: limit)
    let title = try part.element(at: extents.end, before: limit)
    guard let words = try part.integers(flags, atMost: 2), words.count == 2,
      let shape = try part.integers(extents, atMost: 32), shape.count > 1, let count = NumPyArray.count(shape),
      title.content.count <= 1 << 12
    else { throw part.broken(element.content.lowerBound, "an array without class, extents or name") }
    name = String(
      decoding: try part.file.bytes(title.content.count, at: title.content.lowerBound), as: UTF8.self)
    let isComplex = words[0] & 0x800 != 0
    switch Class(rawValue: words[0] & 0xFF) {
    case .cell:
      column = try Self.cell(count, after: title.end, before: limit, part)
    case .characters:
      let content = try part.element(at: title.end, before: limit)
      guard let characters = try Self.characters(content, part), let rows = MatlabText.rows(characters, shape) else {
        throw part.broken(title.end, "\(content.content.count) bytes for characters \(shape)")
      }
      column = .texts(rows)
    case .double, .single, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64:
      guard !isComplex else {
        column = .other("complex numbers \(shape)")
        return
      }
      guard count > 0 else {
        column = .other("an empty array \(shape)")
        return
      }
      let content = try part.element(at: title.end, before: limit)
      let bytes = ByteRange.file(part.file, offset: content.content.lowerBound, count: content.content.count)
      guard let type = content.elementType(isBigEndian: part.isBigEndian),
        let array = NumPyArray(type: type, shape: shape, isFortran: true, content: .bytes(bytes))
      else { throw part.broken(title.end, "\(content.content.count) bytes for numbers \(shape)") }
      column = MatlabSource.column(array)
    case .structure: column = .other("a struct (save its fields in MATLAB: save('f.mat', '-struct', '\(name)'))")
    case .sparse: column = .other("a sparse matrix (save full(\(name)))")
    case .object, .function, .opaque, nil: column = .other("a table, a string or an object of MATLAB")
    }
  }

  /// Reads a cell array whose cells are single texts.
  private static func cell(
    _ count: Int, after place: Int, before limit: Int, _ part: MatlabPart
  ) throws(Fault) -> SourceColumn {
    let other = SourceColumn.other("a cell array (of one array a sample make one: cat(3, …), then permute)")
    // A cell takes at least the 8 bytes of its tag.
    guard count <= SourceColumn.mostSamples, count <= (limit - place) / 8 else { return other }
    var texts: [String] = []
    var place = place
    for _ in 0..<count {
      let element = try part.element(at: place, before: limit)
      guard element.type == MatlabElement.matrix, !element.content.isEmpty,
        let text = try text(element, part)
      else { return other }
      texts.append(text)
      place = element.end
    }
    return .texts(texts)
  }

  /// Returns the text of a cell with one row of characters. It is nil for any other cell, which is not read further.
  private static func text(_ element: MatlabElement, _ part: MatlabPart) throws(Fault) -> String? {
    let flags = try part.element(at: element.content.lowerBound, before: element.content.upperBound)
    guard let words = try part.integers(flags, atMost: 2), words.first.map({ $0 & 0xFF }) == Class.characters.rawValue,
      case .texts(let rows) = try MatlabMatrix(element, in: part).column
    else { return nil }
    return rows.isEmpty ? "" : rows.count == 1 ? rows[0] : nil
  }

  /// Returns the characters of an element. They are bytes, 16-bit units or UTF-8. It is nil for anything else.
  private static func characters(_ element: MatlabElement, _ part: MatlabPart) throws(Fault) -> [UInt16]? {
    guard element.content.count <= mostTextBytes else { return nil }
    let bytes = try part.file.bytes(element.content.count, at: element.content.lowerBound)
    switch element.type {
    case 1, 2, 16: return MatlabText.characters(utf8: bytes)
    case 4, 17:
      guard bytes.count % 2 == 0 else { return nil }
      return stride(from: 0, to: bytes.count, by: 2).map { place in
        let (low, high) = part.isBigEndian ? (bytes[place + 1], bytes[place]) : (bytes[place], bytes[place + 1])
        return UInt16(high) << 8 | UInt16(low)
      }
    default: return nil
    }
  }
}
