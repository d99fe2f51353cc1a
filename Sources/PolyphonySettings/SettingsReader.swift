import OrderedCollections
import PolyphonySupport

/// Reads the settings of one section of a recipe, each by its name, kind and default, and records them.
///
/// ```swift
/// let (training, resolved) = try SettingsReader.read(tree) { (recipe) throws(Fault) in
///   try recipe.section("training") { (section) throws(Fault) in
///     Training(
///       epochs: try section.int("epochs", default: 30, in: 1...),
///       rate: try section.double("rate", default: 1e-3, in: Above(0)))
///   }
/// }
/// ```
///
/// A setting exists because a part of the program reads it, so there is no second list of names to maintain. A key that
/// remains unread is therefore unknown. Every default that was used can be written down (`resolved`).
public final class SettingsReader {
  /// The keys that lead to this section, with points between them. It is empty at the top.
  public let path: String
  private let given: SettingsTree
  private let members: OrderedDictionary<String, SettingsTree>
  private let faultKind: Fault.Kind
  private var settled: OrderedDictionary<String, SettingsTree> = [:]
  private var children: OrderedDictionary<String, [SettingsReader]> = [:]

  private init(_ value: SettingsValue) throws(Fault) {
    path = value.path
    given = value.tree
    faultKind = value.faultKind
    switch value.tree.content {
    case .map(let members): self.members = members
    case .scalar(let scalar) where scalar.isNull: members = [:]
    default: throw value.fault("a setting has the wrong type", expected: "a section of keys")
    }
  }

  /// Reads a whole recipe. By the end, `body` must have read every key of it.
  ///
  /// - Parameters:
  ///   - tree: The recipe, overrides included.
  ///   - kind: The kind of the faults; `.badData` for files that no user writes by hand.
  ///   - body: Reads the settings.
  /// - Returns: The result of `body`, and the recipe with every default filled in. Given keys keep their order, and the
  ///   others follow in the order of reading.
  /// - Throws: The error of `body`, or a fault for unread keys. It has the first unread key's place and path, the known
  ///   keys and a suggestion.
  public static func read<Result>(
    _ tree: SettingsTree, kind: Fault.Kind = .usage, _ body: (SettingsReader) throws(Fault) -> Result
  ) throws(Fault) -> (value: Result, resolved: SettingsTree) {
    let reader = try SettingsReader(SettingsValue(path: "", tree: tree, faultKind: kind))
    let result = try body(reader)
    try reader.refuseUnknownKeys()
    return (result, reader.resolved)
  }

  /// Reads only some keys of a section. Other readers handle the rest.
  ///
  /// - Parameters:
  ///   - tree: The section.
  ///   - kind: The kind of the faults; `.badData` for files that no user writes by hand.
  ///   - body: Reads the settings.
  /// - Returns: The result of `body`, and the keys that it has read, with every default filled in.
  /// - Throws: The error of `body`.
  public static func readPart<Result>(
    of tree: SettingsTree, kind: Fault.Kind = .usage, _ body: (SettingsReader) throws(Fault) -> Result
  ) throws(Fault) -> (value: Result, resolved: SettingsTree) {
    let reader = try SettingsReader(SettingsValue(path: "", tree: tree, faultKind: kind))
    let result = try body(reader)
    return (result, reader.resolved)
  }

  /// Reads some keys of this section and returns them. They count as read in this section too.
  /// - Returns: The result of `body`, and the keys that it has read, with every default filled in.
  /// - Throws: The error of `body`.
  public func part<Result>(
    _ body: (SettingsReader) throws(Fault) -> Result
  ) throws(Fault) -> (value: Result, resolved: SettingsTree) {
    let part = try SettingsReader(SettingsValue(path: path, tree: given, faultKind: faultKind))
    let result = try body(part)
    take(part)
    return (result, part.resolved)
  }

  /// Takes over the record of another reader of the same section.
  private func take(_ other: SettingsReader) {
    for (key, value) in other.settled where settled[key] == nil { settled[key] = value }
    for (key, readers) in other.children {
      guard let own = children[key], own.count == readers.count else {
        children[key] = readers
        continue
      }
      for (one, other) in zip(own, readers) { one.take(other) }
    }
  }

  /// The keys of this section, in their order.
  public var keys: [String] { Array(members.keys) }

  /// Returns true if the value of a key is a list.
  public func isList(_ key: String) -> Bool {
    if case .list? = members[key]?.content { true } else { false }
  }

  /// Returns true if the recipe has a value for a key.
  public func contains(_ key: String) -> Bool { value(key) != nil }

  /// Reads a setting of any kind.
  public func setting<Value>(_ key: String, _ setting: Setting<Value>, default standard: Value) throws(Fault) -> Value {
    let result = try value(key).map(setting.read) ?? standard
    settled[key] = setting.write(result)
    return result
  }

  /// Reads a required setting.
  public func required<Value>(_ key: String, _ setting: Setting<Value>) throws(Fault) -> Value {
    guard let value = value(key) else {
      settled[key] = .init(.scalar(.init("")))
      throw Fault(
        faultKind, "a setting is missing", file: given.origin.file, key: path(to: key),
        remedy: "give it in the recipe or with `--set \(path(to: key))=…`")
    }
    let result = try setting.read(value)
    settled[key] = setting.write(result)
    return result
  }

  /// Reads a setting that may be absent or `null`.
  public func optional<Value>(_ key: String, _ setting: Setting<Value>) throws(Fault) -> Value? {
    let result = try value(key).map(setting.read)
    settled[key] = result.map(setting.write) ?? .init(.scalar(.init("null")))
    return result
  }

  /// Reads the settings of a section. Without the section, all are defaults. It may be read in several parts.
  /// - Parameters:
  ///   - key: the section's name.
  ///   - shorthand: the key to which a plain value in place of the section belongs.
  ///   - body: reads the section's settings.
  public func section<Result>(
    _ key: String, shorthand: String? = nil, _ body: (SettingsReader) throws(Fault) -> Result
  ) throws(Fault) -> Result {
    if let reader = children[key]?.first { return try body(reader) }
    var tree = members[key] ?? .empty
    if let shorthand, case .scalar(let scalar) = tree.content, !scalar.isNull {
      tree = SettingsTree(.map([shorthand: tree]), origin: tree.origin)
    }
    let reader = try SettingsReader(SettingsValue(path: path(to: key), tree: tree, faultKind: faultKind))
    children[key] = [reader]
    settled[key] = .empty
    return try body(reader)
  }

  /// Reads a list of sections. It is empty if the key is absent.
  public func sections<Result>(
    _ key: String, _ body: (SettingsReader) throws(Fault) -> Result
  ) throws(Fault) -> [Result] {
    var results: [Result] = []
    settled[key] = .init(.list([]))
    children[key] = []
    for element in try value(key)?.elements() ?? [] {
      let reader = try SettingsReader(element)
      children[key]?.append(reader)
      results.append(try body(reader))
    }
    return results
  }

  /// Returns a value with everything below it, unread, for another reader.
  public func raw(_ key: String) -> SettingsTree? {
    let tree = members[key]
    settled[key] = tree ?? .init(.scalar(.init("null")))
    return tree
  }

  /// Makes a fault about a key of this section, for errors that only the value's meaning reveals.
  public func fault(_ problem: String, key: String, expected: String? = nil, remedy: String? = nil) -> Fault {
    let place = members[key] ?? given
    return SettingsValue(path: path(to: key), tree: place, faultKind: faultKind)
      .fault(problem, expected: expected, remedy: remedy)
  }

  /// Adds the place in the recipe to faults of `body`, which name a command's option.
  package func locating<Result>(_ key: String, _ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    do {
      return try body()
    } catch {
      guard error.key.map({ $0 == key || $0.hasPrefix("--") }) ?? true else { throw error }
      let place = fault("", key: key)
      var located = error
      (located.key, located.file) = (place.key, error.file ?? place.file)
      throw located
    }
  }

  private func value(_ key: String) -> SettingsValue? {
    guard let tree = members[key] else { return nil }
    if case .scalar(let scalar) = tree.content, scalar.isNull { return nil }
    return SettingsValue(path: path(to: key), tree: tree, faultKind: faultKind)
  }

  private func path(to key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  // MARK: - The record of settings

  private var resolved: SettingsTree {
    var result: OrderedDictionary<String, SettingsTree> = [:]
    let keys = members.keys.filter { settled[$0] != nil } + settled.keys.filter { members[$0] == nil }
    for key in keys {
      guard let readers = children[key] else {
        result[key] = settled[key]
        continue
      }
      let trees = readers.map(\.resolved)
      if case .list? = settled[key]?.content {
        result[key] = .init(.list(trees))
      } else {
        result[key] = trees.first
      }
    }
    return .init(.map(result), origin: given.origin)
  }

  private func refuseUnknownKeys() throws(Fault) {
    let unknown = unknownKeys
    guard let first = unknown.first else { return }
    let paths = knownPaths
    let elsewhere = paths.first { $0.split(separator: ".").last == first.key[...] }
    let more = unknown.dropFirst().map { "`\($0.reader.path(to: $0.key))`" }.joined(separator: ", ")
    let origin = first.reader.members[first.key]?.origin ?? .builtIn
    let known = first.reader.settled.keys.sorted().joined(separator: ", ")
    throw Fault(
      faultKind, unknown.count == 1 ? "an unknown key" : "\(unknown.count) unknown keys", file: origin.file,
      key: first.reader.path(to: first.key),
      found: origin.annotate("`\(first.key)`") + (more.isEmpty ? "" : ", and \(more)"),
      expected: known.isEmpty ? "no keys here" : "one of \(known)",
      remedy: Suggestion.question(for: first.key, among: first.reader.settled.keys)
        ?? elsewhere.map { "did you mean `\($0)`?" })
  }

  private var unknownKeys: [(reader: SettingsReader, key: String)] {
    members.keys.flatMap { key in
      settled[key] == nil ? [(self, key)] : (children[key] ?? []).flatMap(\.unknownKeys)
    }
  }

  private var knownPaths: [String] {
    settled.keys.flatMap { key in [path(to: key)] + (children[key] ?? []).flatMap(\.knownPaths) }
  }
}

extension SettingsReader {
  /// Reads an integer.
  public func int(
    _ key: String, default standard: Int, in range: (any SettingsRange<Int>)? = nil
  ) throws(Fault) -> Int {
    try setting(key, .int(in: range), default: standard)
  }

  /// Reads a number.
  public func double(
    _ key: String, default standard: Double, in range: (any SettingsRange<Double>)? = nil
  ) throws(Fault) -> Double {
    try setting(key, .double(in: range), default: standard)
  }

  /// Reads `true` or `false`.
  public func bool(_ key: String, default standard: Bool) throws(Fault) -> Bool {
    try setting(key, .bool, default: standard)
  }

  /// Reads a text.
  public func string(_ key: String, default standard: String) throws(Fault) -> String {
    try setting(key, .string, default: standard)
  }

  /// Reads one of several words.
  public func choice(_ key: String, of words: [String], default standard: String) throws(Fault) -> String {
    try setting(key, .choice(of: words), default: standard)
  }

  /// Reads one case of an enumeration, by its raw value.
  public func choice<Value: CaseIterable & RawRepresentable>(
    _ key: String, default standard: Value
  ) throws(Fault) -> Value where Value.RawValue == String {
    try setting(key, .choice(of: Value.self), default: standard)
  }

  /// Reads a list of values of one kind.
  public func list<Element>(
    _ key: String, of element: Setting<Element>, default standard: [Element],
    count: (any SettingsRange<Int>)? = nil
  ) throws(Fault) -> [Element] {
    try setting(key, .list(of: element, count: count), default: standard)
  }
}
