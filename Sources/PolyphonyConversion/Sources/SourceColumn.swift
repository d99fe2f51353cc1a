import Polyphony

/// The value of a key of a file, with one entry per sample.
enum SourceColumn {
  /// An array of numbers, samples first.
  case array(NumPyArray)
  /// One number per sample.
  case numbers([Double])
  /// One text per sample.
  case texts([String])
  /// Unusable content, with a description in words.
  case other(String)

  /// The maximum number of samples that a list in memory may have.
  static let mostSamples = 16_000_000
  /// The maximum number of bytes of texts in memory.
  private static let mostTextBytes = 256 << 20

  /// Makes a column from a pickle's value.
  init(_ value: PickleValue) throws(Fault) {
    switch value {
    case .array(let array):
      guard let array = array.array else {
        self = .other("an array without content")
        return
      }
      try self.init(array)
    case .sequence(let sequence): self = Self.list(sequence.elements)
    default: self = .other(value.kindName)
    }
  }

  /// Makes a column from an array.
  init(_ array: NumPyArray) throws(Fault) {
    if case .objects(let values) = array.content {
      self = Self.list(values)
      if case .other = self { self = .other("an array of Python objects (dtype=object)") }
    } else if array.type.isNumber, !array.shape.isEmpty {
      self = .array(array)
    } else if array.type.kind == .text || array.type.kind == .bytes, array.shape.count == 1, array.type.size > 0,
      array.count <= Self.mostSamples, case .bytes(let bytes) = array.content, bytes.count <= Self.mostTextBytes
    {
      self = .texts(try Self.texts(array, bytes))
    } else {
      self = .other("an array \(array.summary)")
    }
  }

  /// The number of samples. It is nil for unusable content.
  var count: Int? {
    switch self {
    case .array(let array): array.shape.first
    case .numbers(let numbers): numbers.count
    case .texts(let texts): texts.count
    case .other: nil
    }
  }

  /// The column's description for messages.
  var summary: String {
    switch self {
    case .array(let array): "an array \(array.summary)"
    case .numbers(let numbers): "\(numbers.count) numbers"
    case .texts(let texts): "\(texts.count) texts"
    case .other(let words): words
    }
  }

  /// Returns one number per sample. It is nil if the column has none or several.
  func numbers() throws(Fault) -> [Double]? {
    switch self {
    case .numbers(let numbers): return numbers
    case .array(let array):
      guard case .bytes(let bytes) = array.content, let count = array.shape.first, array.count == count,
        count <= Self.mostSamples
      else { return nil }
      return try withRawBytes(of: try bytes.bytes()) { (raw) throws(Fault) in
        (0..<count).map { array.type.double(raw, $0) }
      }
    case .texts, .other: return nil
    }
  }

  /// Returns one text per sample: texts as they are, whole numbers without a point. It is nil for anything else.
  func words() throws(Fault) -> [String]? {
    if case .texts(let texts) = self { return texts }
    return try numbers()?.map { number in Int(exactly: number).map(String.init) ?? "\(number)" }
  }

  /// The number of columns of an array `[N, C]`, which may have further extents of 1. It is nil for other content.
  var width: Int? {
    guard case .array(let array) = self, array.shape.count > 1 else { return nil }
    let extents = array.shape.dropFirst().filter { $0 != 1 }
    return extents.count < 2 ? extents.first ?? 1 : nil
  }

  /// Returns the numbers of one column of an array `[N, C]`. It is nil for other content and beyond the last column.
  func numbers(column: Int) throws(Fault) -> [Double]? {
    guard case .array(let array) = self, case .bytes(let bytes) = array.content, let width,
      (0..<width).contains(column), array.count <= Self.mostSamples
    else { return nil }
    let count = array.shape[0]
    return try withRawBytes(of: try bytes.bytes()) { (raw) throws(Fault) in
      (0..<count).map { array.type.double(raw, array.isFortran ? column * count + $0 : $0 * width + column) }
    }
  }

  private static func list(_ values: [PickleValue]) -> SourceColumn {
    var numbers: [Double] = []
    var texts: [String] = []
    for value in values {
      switch value {
      case .integer(let integer): numbers.append(Double(integer))
      case .number(let number): numbers.append(number)
      case .bool(let bool): numbers.append(bool ? 1 : 0)
      case .text(let text): texts.append(text)
      case .bytes(.memory(let bytes)): texts.append(String(decoding: bytes, as: UTF8.self))
      default: return .other("a list with \(value.kindName) in it")
      }
    }
    if numbers.count == values.count { return .numbers(numbers) }
    if texts.count == values.count { return .texts(texts) }
    return .other("a list of numbers and texts")
  }

  /// Reads texts of a fixed length, in pieces, because their padding can be large.
  private static func texts(_ array: NumPyArray, _ bytes: ByteRange) throws(Fault) -> [String] {
    var texts: [String] = []
    let piece = max(1, (1 << 20) / array.type.size)
    for start in stride(from: 0, to: array.count, by: piece) {
      let count = min(piece, array.count - start)
      var raw = [UInt8](repeating: 0, count: count * array.type.size)
      try withMutableBytes(of: &raw) { (buffer) throws(Fault) in try bytes.read(buffer, at: start * array.type.size) }
      raw.withUnsafeBytes { raw in
        for index in 0..<count { texts.append(array.type.text(raw, index)) }
      }
    }
    return texts
  }
}
