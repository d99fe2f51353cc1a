@testable import PolyphonySupport

/// Changes of single values in a JSON document, for tests of readers.
struct MutatedJSON {
  /// A document with one value changed or removed.
  struct Mutation: CustomStringConvertible {
    let path: [String]
    let change: String
    let text: String

    var description: String { "\(path.joined(separator: ".")) ← \(change)" }
  }

  /// The document.
  let document: OrderedJSON

  init(parsing text: String) throws { document = try OrderedJSON(parsing: text) }

  /// The document with each scalar in turn changed to −1, 2⁶², null, NaN and a text, and removed.
  var mutations: [Mutation] {
    let changes: [(String, OrderedJSON?)] = [
      ("-1", -1), ("2^62", .integer(1 << 62)), ("null", .null), ("NaN", "\u{1}NaN"), ("a text", "many"),
      ("nothing", nil),
    ]
    return document.leaves.flatMap { leaf in
      changes.map { name, value in
        let text = Self.replacing(leaf.path[...], in: document, by: value)?.text(.pretty) ?? ""
        // NaN is no JSON, so it is put into the text.
        return Mutation(path: leaf.path, change: name, text: text.replacing("\"\\u0001NaN\"", with: "NaN"))
      }
    }
  }

  private static func replacing(_ path: ArraySlice<String>, in json: OrderedJSON, by value: OrderedJSON?)
    -> OrderedJSON?
  {
    guard let first = path.first else { return value }
    let rest = path.dropFirst()
    switch json {
    case .object(let members):
      return .object(
        members.compactMap { member in
          guard member.key == first else { return member }
          return replacing(rest, in: member.value, by: value).map { .init(member.key, $0) }
        })
    case .array(let elements):
      return .array(elements.enumerated().compactMap { "\($0)" == first ? replacing(rest, in: $1, by: value) : $1 })
    default: return json
    }
  }
}
