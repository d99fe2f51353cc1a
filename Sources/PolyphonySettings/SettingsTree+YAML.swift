import Foundation
import OrderedCollections
import PolyphonySupport
import Yams

extension SettingsTree {
  /// Reads a recipe from a file.
  ///
  /// - Throws: `Fault(.missingInput)` if the file cannot be read. `Fault(.badData)` with the line if it is not YAML,
  ///   has a repeated key or has no map at the top.
  public init(contentsOf path: String) throws(Fault) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw Fault(.missingInput, "the recipe cannot be read", file: path, found: describe(error))
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw Fault(.badData, "the recipe is not text in UTF-8", file: path)
    }
    try self.init(yaml: text, file: path)
  }

  /// Reads a recipe from text. An empty text is an empty map.
  ///
  /// - Throws: The same faults as `init(contentsOf:)`.
  public init(yaml: String, file: String) throws(Fault) {
    var builder = TreeBuilder(file: file)
    guard let root = try builder.compose(yaml) else {
      self = SettingsTree(.map([:]), origin: .file(file, line: 1))
      return
    }
    self = try builder.tree(root)
    guard case .map = content else {
      throw Fault(.badData, "a recipe must be a map of keys", file: file, found: found, expected: "`key: value` lines")
    }
  }

  /// Returns the tree as YAML, which reads back as the same tree.
  public func yaml() -> String {
    // The emitter refuses nothing that a tree can hold.
    (try? Yams.serialize(node: node(), width: -1, allowUnicode: true)) ?? ""
  }

  private func node() -> Node {
    switch content {
    case .scalar(let scalar):
      // The emitter would put quotes around an empty value in a list on one line.
      let text = scalar.isNull && scalar.text.isEmpty ? "null" : scalar.text
      return Node(text, Tag(.implicit), scalar.isPlain || !scalar.needsQuotes ? .any : .doubleQuoted)
    case .list(let elements):
      let isShort = elements.allSatisfy { if case .scalar = $0.content { true } else { false } }
      return Node(elements.map { $0.node() }, Tag(.implicit), isShort ? .flow : .block)
    case .map(let members):
      let pairs = members.map { key, value in
        (SettingsTree(.scalar(SettingsScalar(key, isPlain: false))).node(), value.node())
      }
      return Node(pairs, Tag(.implicit), pairs.isEmpty ? .flow : .block)
    }
  }
}

extension SettingsScalar {
  /// True if this text without quotes would read as something else, in this reader or in one of YAML 1.1.
  fileprivate var needsQuotes: Bool {
    let plain = SettingsScalar(text)
    return plain.isNull || plain.bool != nil || text.first.map { "0123456789+-.".contains($0) } ?? true
      || ["yes", "no", "on", "off", "y", "n"].contains(text.lowercased()) || text == "<<" || text == "="
  }

  /// Makes a scalar of a number: the shortest text of the same bits, with a point so that YAML 1.1 reads a number too.
  package init(_ value: Double) {
    let text = String(value)
    if let exponent = text.firstIndex(of: "e"), !text[..<exponent].contains(".") {
      self.init(text[..<exponent] + ".0" + text[exponent...])
    } else {
      self.init(text)
    }
  }
}

extension Node {
  /// True for the key of YAML's type «merge», <https://yaml.org/type/merge.html>.
  fileprivate var isMerge: Bool { scalar.map { $0.string == "<<" && [.plain, .any].contains($0.style) } ?? false }
}

/// A converter from the parser's nodes to a tree.
struct TreeBuilder {
  let file: String
  /// The option whose value the text is, if any. Every place in the tree is then this option.
  var option: String?
  /// The number of nodes still allowed. Aliases are copied, so a small file could expand to a very large tree.
  private var nodesLeft = 100_000

  init(file: String, option: String? = nil) {
    self.file = file
    self.option = option
  }

  func compose(_ yaml: String) throws(Fault) -> Node? {
    do {
      return try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw fault(error)
    } catch {
      throw Fault(.badData, "this is not valid YAML", file: file, found: "\(error)")
    }
  }

  mutating func tree(_ node: Node, at mark: Mark? = nil) throws(Fault) -> SettingsTree {
    nodesLeft -= 1
    let origin = origin(mark ?? node.mark)
    guard nodesLeft >= 0 else {
      throw Fault(.badData, "the recipe is too large", file: origin.file, expected: "at most 100000 values")
    }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      return SettingsTree(.scalar(SettingsScalar(scalar.string, isPlain: isPlain)), origin: origin)
    case .sequence(let sequence):
      var elements: [SettingsTree] = []
      for element in sequence { elements.append(try tree(element)) }
      return SettingsTree(.list(elements), origin: origin)
    case .mapping(let mapping):
      var members: OrderedDictionary<String, SettingsTree> = [:]
      for (key, value) in mapping where !key.isMerge {
        guard let name = key.scalar?.string else {
          throw Fault(.badData, "a key must be a word", file: self.origin(key.mark).file, found: "a list or a map")
        }
        guard members[name] == nil else { throw twice(name, self.origin(key.mark)) }
        members[name] = try tree(value, at: key.mark)
      }
      // Of two maps with the same key, the first one counts, and the keys of this map count before both.
      for (key, value) in mapping where key.isMerge {
        for merged in try maps(value, at: key.mark) { members.merge(merged) { own, _ in own } }
      }
      return SettingsTree(.map(members), origin: origin)
    case .alias:
      throw Fault(.badData, "an alias stands for nothing", file: origin.file)
    }
  }

  /// The maps that the key `<<` adds to another map: one, or a list of them.
  private mutating func maps(
    _ node: Node, at mark: Mark?
  ) throws(Fault) -> [OrderedDictionary<String, SettingsTree>] {
    let tree = try tree(node, at: mark)
    let sources = if case .list(let elements) = tree.content { elements } else { [tree] }
    let maps = sources.compactMap { if case .map(let members) = $0.content { members } else { nil } }
    guard maps.count == sources.count else {
      throw Fault(
        .badData, "only maps can be merged into a map", file: origin(mark).file, key: "<<", found: tree.found,
        expected: "the alias of a map, such as *base, or a list of them")
    }
    return maps
  }

  private func origin(_ mark: Mark?) -> SettingsTree.Origin {
    if let option { return .option(option) }
    return .file(file, line: mark?.line ?? 1)
  }

  private func twice(_ key: String, _ origin: SettingsTree.Origin) -> Fault {
    Fault(.badData, "a key stands twice", file: origin.file, key: key, remedy: "keep one of the two")
  }

  private func fault(_ error: YamlError) -> Fault {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      let place = option == nil ? "\(file):\(mark.line):\(mark.column)" : nil
      return Fault(.badData, "this is not valid YAML", file: place, found: option ?? problem, expected: nil)
    case .duplicatedKeysInMapping(let duplicates, let context):
      return twice(duplicates.first ?? "", origin(context.mark))
    default:
      return Fault(.badData, "this is not valid YAML", file: option == nil ? file : nil, found: "\(error)")
    }
  }
}
