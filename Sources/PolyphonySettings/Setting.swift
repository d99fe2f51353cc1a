import PolyphonySupport

/// A kind of setting: the conversions between its values and the text of a recipe.
public struct Setting<Value> {
  /// Converts a recipe's value into a Swift value.
  public let read: (SettingsValue) throws(Fault) -> Value
  /// Converts a Swift value into a recipe's value.
  public let write: (Value) -> SettingsTree

  /// Makes a kind of setting from two conversions.
  public init(
    read: @escaping (SettingsValue) throws(Fault) -> Value, write: @escaping (Value) -> SettingsTree
  ) {
    self.read = read
    self.write = write
  }
}

extension Setting where Value == Int {
  /// An integer, optionally in a range.
  public static func int(in range: (any SettingsRange<Int>)? = nil) -> Setting {
    Setting(
      read: { (value) throws(Fault) in try value.number("an integer", \.int, in: range) },
      write: { .init(.scalar(.init(String($0)))) })
  }
}

extension Setting where Value == Double {
  /// A finite number, optionally in a range. Integers are allowed too.
  public static func double(in range: (any SettingsRange<Double>)? = nil) -> Setting {
    Setting(
      read: { (value) throws(Fault) in try value.number("a number", \.double, in: range) },
      write: { .init(.scalar(.init($0))) })
  }
}

extension Setting where Value == Bool {
  /// A truth value, `true` or `false`.
  public static var bool: Setting {
    Setting(
      read: { (value) throws(Fault) in try value.scalar("true or false", \.bool) },
      write: { .init(.scalar(.init($0 ? "true" : "false"))) })
  }
}

extension Setting where Value == String {
  /// A text. A text that looks like a number or a truth value stays as it was written.
  public static var string: Setting {
    Setting(
      read: { (value) throws(Fault) in try value.scalar("a text") { $0.isNull ? nil : $0.text } },
      write: { .init(.scalar(.init($0, isPlain: false))) })
  }

  /// One of several words.
  public static func choice(of words: [String]) -> Setting {
    Setting(
      read: { (value) throws(Fault) in
        let expected = "one of \(words.joined(separator: ", "))"
        let word = try value.scalar(expected) { $0.isNull ? nil : $0.text }
        guard words.contains(word) else {
          throw value.fault(
            "a setting has an unknown value", expected: expected, remedy: Suggestion.question(for: word, among: words))
        }
        return word
      },
      write: { .init(.scalar(.init($0, isPlain: false))) })
  }
}

extension Setting {
  /// One case of an enumeration, written as its raw value.
  public static func choice(of type: Value.Type) -> Setting
  where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    let word = Setting<String>.choice(of: Value.allCases.map(\.rawValue))
    return Setting(
      read: { (value) throws(Fault) in
        guard let value = Value(rawValue: try word.read(value)) else {
          throw value.fault("a setting has an unknown value")
        }
        return value
      },
      write: { word.write($0.rawValue) })
  }

  /// A list of values of one kind.
  ///
  /// - Parameters:
  ///   - element: The kind of the elements.
  ///   - count: The allowed number of elements.
  public static func list<Element>(
    of element: Setting<Element>, count: (any SettingsRange<Int>)? = nil
  ) -> Setting where Value == [Element] {
    Setting(
      read: { (value) throws(Fault) in
        var elements: [Element] = []
        for item in try value.elements() { elements.append(try element.read(item)) }
        if let count, !count.contains(elements.count) {
          throw value.fault("a list has the wrong length", expected: "\(count.words) elements")
        }
        return elements
      },
      write: { .init(.list($0.map(element.write))) })
  }
}

/// A value of a recipe with its path, the input of a `Setting`.
public struct SettingsValue {
  /// The keys that lead to the value, with points between them.
  public let path: String
  /// The value as it was written.
  public let tree: SettingsTree
  /// The kind of faults about the value.
  package let faultKind: Fault.Kind

  package init(path: String, tree: SettingsTree, faultKind: Fault.Kind) {
    (self.path, self.tree, self.faultKind) = (path, tree, faultKind)
  }

  /// Returns the elements of a list.
  ///
  /// - Throws: A fault if this is not a list.
  func elements() throws(Fault) -> [SettingsValue] {
    guard case .list(let elements) = tree.content else { throw wrongType("a list") }
    return elements.enumerated().map { SettingsValue(path: "\(path).\($0)", tree: $1, faultKind: faultKind) }
  }

  /// Returns the value of a scalar.
  func scalar<Value>(_ expected: String, _ value: (SettingsScalar) -> Value?) throws(Fault) -> Value {
    guard case .scalar(let scalar) = tree.content, let value = value(scalar) else { throw wrongType(expected) }
    return value
  }

  /// Returns the value of a scalar that must be in a range.
  func number<Value>(
    _ expected: String, _ value: (SettingsScalar) -> Value?, in range: (any SettingsRange<Value>)?
  ) throws(Fault) -> Value {
    let expected = range.map { "\(expected), \($0.words)" } ?? expected
    let number = try scalar(expected, value)
    if let range, !range.contains(number) { throw fault("a setting is out of range", expected: expected) }
    return number
  }

  private func wrongType(_ expected: String) -> Fault {
    fault("a setting has the wrong type", expected: expected)
  }

  /// Makes a fault about this value.
  public func fault(_ problem: String, expected: String? = nil, remedy: String? = nil) -> Fault {
    Fault(
      faultKind, problem, file: tree.origin.file, key: path, found: tree.origin.annotate(tree.found),
      expected: expected, remedy: remedy)
  }
}
