import OrderedCollections
import Torch

/// Under what a row of results was scored: data set, missing rate, shift, split and the like.
public struct ScoreCondition: Hashable, Sendable {
  /// Its parts by key, in the row's order; `split` stands last.
  public var parts: OrderedDictionary<String, String>

  /// A condition.
  public init(_ parts: OrderedDictionary<String, String>) { self.parts = parts }

  /// The condition of a row: whatever it says as text, except what is no condition but a finding or a file's hash.
  public init(_ row: ResultsDocument.Row) {
    var parts: OrderedDictionary<String, String> = [:]
    for (key, value) in row.extra where !Self.findings.contains(key) {
      if case .string(let text) = value { parts[key] = text }
    }
    parts["split"] = row.split
    self.init(parts)
  }

  /// `rate` is the learning rate that validation chose for a method: two methods with other rates are still compared.
  private static let findings: Set = ["mask", "front", "note", "rate"]

  /// Whether this is no condition of its own, but a mean or an area over several.
  public var isSummary: Bool {
    ["missing", "shift"].contains { key in parts[key].map { $0 == "mean" || $0 == "area" } ?? false }
  }

  /// A name of the parts with these keys; `all` where there is none.
  public func name(_ keys: some Sequence<String>) -> String {
    let words = keys.compactMap { parts[$0] }.filter { !$0.isEmpty }
    return words.isEmpty ? "all" : words.joined(separator: ", ")
  }

  /// The keys by which some conditions differ from each other; empty for a single one.
  public static func distinguishing(_ conditions: [ScoreCondition]) -> [String] {
    OrderedSet(conditions.flatMap { Array($0.parts.keys) }).filter { key in
      Set(conditions.map { $0.parts[key] }).count > 1
    }
  }
}
