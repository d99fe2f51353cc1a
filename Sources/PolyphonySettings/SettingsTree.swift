import OrderedCollections

/// The uninterpreted content of a recipe: scalars, lists and maps, each with its origin.
///
/// ```swift
/// var recipe = try SettingsTree(yaml: "training: {epochs: 30, rate: 1e-3}", file: "recipe.yaml")
/// try recipe.override("training.epochs=4")
/// print(recipe.yaml(), recipe.json["training"]?.text() ?? "")
/// ```
public struct SettingsTree: Sendable {
  /// The value at this place.
  public enum Content: Sendable {
    /// A number, a truth value, a text or nothing.
    case scalar(SettingsScalar)
    /// A list of values in order.
    case list([SettingsTree])
    /// A map from keys to values, in the order of the text.
    case map(OrderedDictionary<String, SettingsTree>)
  }

  /// The place where a value was written.
  public enum Origin: Equatable, Sendable {
    /// A line of a file, counted from 1.
    case file(String, line: Int)
    /// An option on the command line, as written.
    case option(String)
    /// A default, which no file or option contains.
    case builtIn
  }

  /// The scalar, list or map.
  public var content: Content
  /// The place where the value was written. The value of a key has the place of the key.
  public var origin: Origin

  /// Makes a tree from its content and origin.
  public init(_ content: Content, origin: Origin = .builtIn) {
    self.content = content
    self.origin = origin
  }

  /// A map without keys.
  public static var empty: SettingsTree { SettingsTree(.map([:])) }

  /// The value of a key, nil if this is not a map or lacks the key.
  public subscript(key: String) -> SettingsTree? {
    guard case .map(let members) = content else { return nil }
    return members[key]
  }

  /// Sets the scalar of a key of a map, as if an option had given it.
  public mutating func set(_ key: String, to scalar: SettingsScalar, option: String) {
    guard case .map(var members) = content else { return }
    members[key] = SettingsTree(.scalar(scalar), origin: .option("\(option) \(scalar.text)"))
    content = .map(members)
  }

  /// The value in the words of an error message.
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
  /// The place as the `file` of a fault. It is nil for options and defaults.
  var file: String? {
    if case .file(let path, let line) = self { "\(path):\(line)" } else { nil }
  }

  /// Adds the option, if it is the origin, to the words for a found value.
  func annotate(_ found: String) -> String {
    if case .option(let option) = self { "\(found) (in `\(option)`)" } else { found }
  }
}

/// One scalar of a recipe: its text, and whether quotes enclose it. Without quotes it may be more than text.
public struct SettingsScalar: Equatable, Sendable {
  /// The scalar's text.
  public var text: String
  /// True if the scalar has no quotes.
  public var isPlain: Bool

  /// Makes a scalar.
  public init(_ text: String, isPlain: Bool = true) {
    self.text = text
    self.isPlain = isPlain
  }

  // These readings follow the core schema of YAML 1.2, without octal and hexadecimal numbers, infinities and NaN.
  /// True for YAML's null: `null`, `~` or an empty text.
  public var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }

  /// The integer value, nil if this is not an integer.
  public var int: Int? { isPlain ? Int(text) : nil }

  /// The finite number, nil if this is not one.
  public var double: Double? {
    guard isPlain, text.utf8.contains(where: { (0x30...0x39).contains($0) }),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
      let value = Double(text), value.isFinite
    else { return nil }
    return value
  }

  /// The truth value, nil if this is not one.
  public var bool: Bool? {
    guard isPlain else { return nil }
    switch text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }
}
