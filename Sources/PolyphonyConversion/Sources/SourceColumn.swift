import Polyphony

/// What stands under a key of a file: one entry for each sample.
enum SourceColumn {
  /// An array of numbers, samples first.
  case array(NumPyArray)
  /// A number for each sample.
  case numbers([Double])
  /// A text for each sample.
  case texts([String])
  /// Nothing that can be used; what it is, in words.
  case other(String)

  /// More samples than can be listed in memory.
  static let mostSamples = 16_000_000
  /// More bytes of texts than are read into memory.
  private static let mostTextBytes = 256 << 20

  /// A column from a pickle's value.
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

  /// A column from an array.
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

  /// The number of samples; nil where there are none.
  var count: Int? {
    switch self {
    case .array(let array): array.shape.first
    case .numbers(let numbers): numbers.count
    case .texts(let texts): texts.count
    case .other: nil
    }
  }

  /// What it is, for messages.
  var summary: String {
    switch self {
    case .array(let array): "an array \(array.summary)"
    case .numbers(let numbers): "\(numbers.count) numbers"
    case .texts(let texts): "\(texts.count) texts"
    case .other(let words): words
    }
  }

  /// One number for each sample; nil where the column has none or several.
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

  /// Texts of a fixed length, read in pieces: there may be much room in them.
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
