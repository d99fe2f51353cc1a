import OrderedCollections

/// What a recipe says, before anyone has asked what it means: scalars, lists and maps, each with the place it is from.
public struct SettingsTree: Sendable {
  /// The value at this place.
  public enum Content: Sendable {
    /// A number, a truth value, a text or nothing.
    case scalar(SettingsScalar)
    /// Values in order.
    case list([SettingsTree])
    /// Values under keys, in the order of the text.
    case map(OrderedDictionary<String, SettingsTree>)
  }

  /// Where a value was written.
  public enum Origin: Equatable, Sendable {
    /// A line of a file, counted from 1.
    case file(String, line: Int)
    /// An option on the command line, as written.
    case option(String)
    /// Nowhere: a default.
    case builtIn
  }

  /// The value.
  public var content: Content
  /// Where it was written; for the value of a key, the place of the key.
  public var origin: Origin

  /// Makes a tree.
  public init(_ content: Content, origin: Origin = .builtIn) {
    self.content = content
    self.origin = origin
  }

  /// A map without keys.
  public static var empty: SettingsTree { SettingsTree(.map([:])) }

  /// The value under a key of a map.
  public subscript(key: String) -> SettingsTree? {
    guard case .map(let members) = content else { return nil }
    return members[key]
  }

  /// Puts a scalar under a key of a map, as an option says it.
  public mutating func set(_ key: String, to scalar: SettingsScalar, option: String) {
    guard case .map(var members) = content else { return }
    members[key] = SettingsTree(.scalar(scalar), origin: .option("\(option) \(scalar.text)"))
    content = .map(members)
  }

  /// What the value is, in the words of an error message.
  var found: String {
    switch content {
    case .scalar(let scalar):
      scalar.isNull ? "nothing" : scalar.isPlain ? "`\(scalar.text)`" : "the text `\(scalar.text)`"
    case .list(let elements): "a list of \(elements.count)"
    case .map(let members): "a section with \(members.isEmpty ? "no keys" : members.keys.joined(separator: ", "))"
    }
  }
}

extension SettingsTree.Origin {
  /// The place as a fault's `file`, where it is one.
  var file: String? {
    if case .file(let path, let line) = self { "\(path):\(line)" } else { nil }
  }

  /// Adds to what was found on which option it stands.
  func annotate(_ found: String) -> String {
    if case .option(let option) = self { "\(found) (in `\(option)`)" } else { found }
  }
}

/// One scalar of a recipe: its text, and whether it stood without quotes, so that it may be more than text.
public struct SettingsScalar: Equatable, Sendable {
  /// The text.
  public var text: String
  /// Whether it stood without quotes.
  public var isPlain: Bool

  /// Makes a scalar.
  public init(_ text: String, isPlain: Bool = true) {
    self.text = text
    self.isPlain = isPlain
  }

  // The core schema of YAML 1.2, less its rarer spellings (octal, hexadecimal, infinities, not-a-number).
  /// Whether this is YAML's null: `null`, `~` or nothing at all.
  public var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }

  /// The integer that this is, if it is one.
  public var int: Int? { isPlain ? Int(text) : nil }

  /// The finite number that this is, if it is one.
  public var double: Double? {
    guard isPlain, text.utf8.contains(where: { (0x30...0x39).contains($0) }),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
      let value = Double(text), value.isFinite
    else { return nil }
    return value
  }

  /// The truth value that this is, if it is one.
  public var bool: Bool? {
    guard isPlain else { return nil }
    switch text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }
}
