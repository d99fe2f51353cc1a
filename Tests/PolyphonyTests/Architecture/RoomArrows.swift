/// Finds what rooms of `Sources/Polyphony` use of rooms that they must not see.
///
/// A room may use itself and the rooms before its own. The four rooms of methods may not use each other. Two kinds of
/// symbols are followed: types declared at the top of a file, and members that an extension gives to a type. A name that
/// several rooms or other targets declare says nothing about a room, and is left out.
struct RoomArrows {
  /// The rooms from below upwards; those of one line may not use each other.
  static let order = [
    ["Data"], ["Models"], ["Scores"], ["Training"], ["Balancing", "Tuning", "Missing", "Adaptation"], ["Methods"],
    ["Runs"],
  ]

  /// A use of a symbol from a room that must not see it.
  struct Violation: CustomStringConvertible {
    let file: String
    let line: Int
    let symbol: String
    let room: String
    let target: String

    var description: String {
      "Sources/Polyphony/\(file):\(line): `\(symbol)` is declared in \(target), which \(room) must not use; "
        + "\(room) may use \(visible.isEmpty ? "no other room" : visible)"
    }

    private var visible: String {
      RoomArrows.visible(from: room).joined(separator: ", ")
    }
  }

  private let sources: [SwiftSource]
  /// The room of each symbol that one room alone declares.
  private var types: [String: String] = [:]
  private var members: [String: String] = [:]

  /// - Parameters:
  ///   - sources: the files of `Sources/Polyphony`.
  ///   - others: the files of the targets below, whose names are no room's own.
  init(_ sources: [SwiftSource], others: [SwiftSource]) {
    self.sources = sources
    var typeRooms: [String: Set<String>] = [:]
    var topTypes: Set<String> = []
    var memberRooms: [String: Set<String>] = [:]
    var extended: Set<String> = []
    for source in sources + others {
      var isExtension = false
      for line in source.lines {
        if let first = line.first, first != " ", first != "}" { isExtension = line.contains("extension ") }
        if let name = Self.declared(line, by: ["struct", "class", "enum", "protocol", "typealias", "actor"]) {
          typeRooms[name, default: []].insert(source.room)
          if line.first != " " { topTypes.insert(name) }
        }
        if let name = Self.declared(line, by: ["func", "var", "let", "case"]) {
          memberRooms[name, default: []].insert(source.room)
          if isExtension, line.hasPrefix("  "), !line.hasPrefix("   ") { extended.insert(name) }
        }
      }
    }
    for name in topTypes where typeRooms[name]?.count == 1 { types[name] = typeRooms[name]?.first }
    for name in extended where memberRooms[name]?.count == 1 { members[name] = memberRooms[name]?.first }
  }

  /// All uses that go up or sideways.
  var violations: [Violation] {
    sources.flatMap { source -> [Violation] in
      guard !source.room.isEmpty else { return [] }
      let visible = Set(Self.visible(from: source.room))
      return source.lines.enumerated().flatMap { index, line in
        Self.words(line).compactMap { word, isMember -> Violation? in
          guard let target = types[word] ?? (isMember ? members[word] : nil), target != source.room,
            Self.order.joined().contains(target), !visible.contains(target)
          else { return nil }
          return Violation(file: source.path, line: index + 1, symbol: word, room: source.room, target: target)
        }
      }
    }
  }

  /// The rooms that a room may use besides itself.
  static func visible(from room: String) -> [String] {
    Array(order.prefix { !$0.contains(room) }.joined())
  }

  /// The name that a line declares with one of these words.
  private static func declared(_ line: String, by keywords: Set<String>) -> String? {
    let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "`" && $0 != "@" }.map(String.init)
    guard let place = words.firstIndex(where: keywords.contains), place + 1 < words.count else { return nil }
    // Words before the keyword must be modifiers: otherwise it stands in the middle of a statement.
    let modifiers: Set = [
      "public", "package", "internal", "private", "fileprivate", "final", "static", "mutating", "indirect", "lazy",
      "weak", "override", "convenience", "nonisolated", "unowned", "set", "@discardableResult", "@Child", "@inline",
      "class",
    ]
    guard words[..<place].allSatisfy(modifiers.contains) else { return nil }
    return words[place + 1].replacing("`", with: "")
  }

  /// The identifiers of a line, and whether each comes behind a point.
  private static func words(_ line: String) -> [(word: String, isMember: Bool)] {
    var result: [(String, Bool)] = []
    var word = ""
    var before: Character = " "
    var last: Character = " "
    for character in line + " " {
      if character.isLetter || character.isNumber || character == "_" {
        if word.isEmpty { before = last }
        word.append(character)
      } else {
        if let first = word.first, !first.isNumber { result.append((word, before == ".")) }
        word = ""
      }
      last = character
    }
    return result
  }
}
