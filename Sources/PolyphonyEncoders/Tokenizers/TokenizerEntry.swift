import PolyphonySupport

/// A value of a `tokenizer.json` with its place, so that a fault can name it.
struct TokenizerEntry {
  let value: OrderedJSON
  let file: String
  /// The keys that lead here, joined by full stops. It is empty for the document.
  let path: String

  init(_ value: OrderedJSON, file: String, path: String = "") {
    (self.value, self.file, self.path) = (value, file, path)
  }

  /// Returns the value of a key. It is nil if the key is absent or `null`.
  func optional(_ key: String) throws(Fault) -> TokenizerEntry? {
    guard case .object = value else { throw wrongType("an object") }
    guard let member = value[key], member != .null else { return nil }
    return TokenizerEntry(member, file: file, path: path.isEmpty ? key : "\(path).\(key)")
  }

  /// Returns the value of a key that must be there.
  func required(_ key: String) throws(Fault) -> TokenizerEntry {
    guard let entry = try optional(key) else {
      throw Fault(.badData, "a key is missing", file: file, key: path.isEmpty ? key : "\(path).\(key)")
    }
    return entry
  }

  func elements() throws(Fault) -> [TokenizerEntry] {
    guard case .array(let elements) = value else { throw wrongType("a list") }
    return elements.enumerated().map { TokenizerEntry($1, file: file, path: "\(path).\($0)") }
  }

  func string() throws(Fault) -> String {
    guard case .string(let text) = value else { throw wrongType("a string") }
    return text
  }

  /// Reads a string of one scalar.
  func scalar() throws(Fault) -> Unicode.Scalar {
    let scalars = try string().unicodeScalars
    guard scalars.count == 1 else { throw wrongType("a single character") }
    return scalars[scalars.startIndex]
  }

  func bool() throws(Fault) -> Bool {
    guard case .bool(let value) = value else { throw wrongType("true or false") }
    return value
  }

  /// Reads a whole number from 0 to 2²⁴.
  func count() throws(Fault) -> Int {
    guard case .integer(let number) = value, (0...1 << 24).contains(number) else {
      throw wrongType("a whole number from 0 to 16777216")
    }
    return number
  }

  func number() throws(Fault) -> Double {
    guard let number = value.finite else { throw wrongType("a number") }
    return number
  }

  /// The `type` of a part.
  func type() throws(Fault) -> String { try required("type").string() }

  func wrongType(_ expected: String) -> Fault {
    Fault(
      .badData, "a value has the wrong type", file: file, key: path.isEmpty ? nil : path, found: value.kindName,
      expected: expected)
  }

  func unsupported(_ name: String, among known: [String] = []) -> Fault {
    Fault(
      .badData, "a part of this tokenizer is not supported", file: file, key: path.isEmpty ? nil : path, found: name,
      expected: known.isEmpty ? nil : known.joined(separator: ", "))
  }

  var unknownTokenIsMissing: Fault {
    Fault(
      .badData, "the vocabulary lacks the token for unknown words", file: file, key: path.isEmpty ? nil : path,
      expected: "unk_token or unk_id, the name or number of a token")
  }
}
