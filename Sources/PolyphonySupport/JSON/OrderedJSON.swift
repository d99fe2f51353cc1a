/// A JSON value that keeps the order of its keys.
///
/// Documents that Polyphony writes have a fixed key order, and documents that it reads must not hide a repeated key.
/// Foundation's JSON types guarantee neither. Reading follows RFC 8259 strictly (`OrderedJSON(parsing:)`). Written
/// numbers read back as the same bits (`text()`).
///
/// ```swift
/// let scores: OrderedJSON = ["method": "cggm", "accuracy": 0.8125, "seeds": [0, 1, 2]]
/// let text = scores.text(.line)  // {"method": "cggm", "accuracy": 0.8125, "seeds": [0, 1, 2]}
/// let read = try OrderedJSON(parsing: text, file: "scores.json")
/// print(read["method"] == "cggm", read == scores)  // true true
/// ```
public indirect enum OrderedJSON: Equatable, Sendable {
  /// A key with its value.
  public struct Member: Equatable, Sendable {
    /// The member's key.
    public var key: String
    /// The member's value.
    public var value: OrderedJSON

    /// Makes a member.
    public init(_ key: String, _ value: OrderedJSON) {
      self.key = key
      self.value = value
    }
  }

  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number without fraction and exponent that fits an `Int`.
  case integer(Int)
  /// Any other number. A number that is not finite is written as `null`.
  case number(Double)
  /// A string.
  case string(String)
  /// A list.
  case array([OrderedJSON])
  /// An object, with its members in the order of the text.
  case object([Member])

  /// The value of a key. It is nil if the key is absent or this is not an object.
  public subscript(key: String) -> OrderedJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The kind of the value in the words of an error message: «an object», «a string», ….
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

extension OrderedJSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Makes `null`.
  public init(nilLiteral: ()) { self = .null }
  /// Makes a boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Makes an integer.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// Makes a number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Makes a string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Makes a list.
  public init(arrayLiteral elements: OrderedJSON...) { self = .array(elements) }
  /// Makes an object. The literal's order is the document's order.
  public init(dictionaryLiteral elements: (String, OrderedJSON)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}
