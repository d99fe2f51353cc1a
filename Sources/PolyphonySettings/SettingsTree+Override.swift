import OrderedCollections
import PolyphonySupport

extension SettingsTree {
  /// Sets one value by its path: `training.epochs=4`, `modalities.0.name=text`, `model.widths=[40, 30]`.
  ///
  /// The value is read as YAML: a number, a truth value, a text, a list, or nothing. Missing sections on the path are
  /// made. The elements of a list count from 0. A `SettingsReader` refuses unknown keys later.
  ///
  /// - Parameters:
  ///   - assignment: Path, `=`, value.
  ///   - option: The option's name, for messages.
  /// - Throws: `Fault(.usage)` for an assignment without `=` or with an empty path, for a path through a plain value or
  ///   beyond a list, and for a value that is not YAML.
  public mutating func override(_ assignment: String, option: String = "--set") throws(Fault) {
    let written = "\(option) \(assignment)"
    guard let equals = assignment.firstIndex(of: "=") else {
      throw Fault(
        .usage, "an override needs a value", key: option, found: "`\(assignment)`", expected: "KEY=VALUE",
        remedy: "write for example `\(option) training.epochs=4`")
    }
    let path = assignment[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard path.allSatisfy({ !$0.isEmpty && !$0.contains(" ") }) else {
      throw Fault(
        .usage, "an override needs a key", key: option, found: "`\(assignment)`",
        expected: "names with points between them before the `=`")
    }
    let text = String(assignment[assignment.index(after: equals)...])
    var builder = TreeBuilder(file: written, option: written)
    let value: SettingsTree
    do throws(Fault) {
      value =
        try builder.compose(text).map { (node) throws(Fault) in try builder.tree(node) }
        ?? SettingsTree(.scalar(SettingsScalar("")), origin: .option(written))
    } catch {
      throw Fault(
        .usage, "the value of an override is not valid YAML", key: path.joined(separator: "."), found: "`\(text)`",
        remedy: "put a text with special characters in quotes")
    }
    try set(value, at: path[...], done: [], written: written)
  }

  /// Sets one value to the text of an option of its own, such as `--architecture late_fusion`.
  ///
  /// - Parameters:
  ///   - key: The path of the value.
  ///   - text: The option's value. It is no YAML.
  ///   - option: The option's name, for messages.
  /// - Throws: `Fault(.usage)` for a path through a plain value or beyond a list.
  public mutating func override(_ key: String, with text: String, option: String) throws(Fault) {
    let written = "\(option) \(text)"
    // Quotes keep an empty text from meaning that nothing is given.
    let scalar = SettingsScalar(text, isPlain: !SettingsScalar(text).isNull)
    let value = SettingsTree(.scalar(scalar), origin: .option(written))
    try set(value, at: key.split(separator: ".").map(String.init)[...], done: [], written: written)
  }

  private mutating func set(
    _ value: SettingsTree, at path: ArraySlice<String>, done: [String], written: String
  ) throws(Fault) {
    guard let key = path.first else {
      self = value
      return
    }
    let origin = Origin.option(written)
    switch content {
    case .map(var members):
      var child = members[key] ?? SettingsTree(.map([:]), origin: origin)
      // A key without a value counts as a missing key.
      if path.count > 1, case .scalar(let scalar) = child.content, scalar.isNull { child.content = .map([:]) }
      try child.set(value, at: path.dropFirst(), done: done + [key], written: written)
      members[key] = child
      content = .map(members)
    case .list(var elements):
      guard let index = Int(key), elements.indices.contains(index) else {
        throw Fault(
          .usage, "an override reaches beyond a list", file: self.origin.file, key: done.joined(separator: "."),
          found: origin.annotate("`\(key)`"),
          expected: elements.isEmpty ? "nothing, the list is empty" : "an index from 0 to \(elements.count - 1)")
      }
      try elements[index].set(value, at: path.dropFirst(), done: done + [key], written: written)
      content = .list(elements)
    case .scalar:
      throw Fault(
        .usage, "an override goes through a plain value", file: self.origin.file, key: done.joined(separator: "."),
        found: origin.annotate(found), expected: "a section with the key `\(key)`")
    }
  }
}
