import OrderedCollections
import Torch

/// The condition of a row of results, such as data set, missing rate, shift and split.
public struct ScoreCondition: Hashable, Sendable {
  /// The parts by key, in the row's order, with `split` last.
  public var parts: OrderedDictionary<String, String>

  /// Makes a condition.
  public init(_ parts: OrderedDictionary<String, String>) { self.parts = parts }

  /// Makes the condition of a row from its keys with text, except for findings and the hashes of files.
  public init(_ row: ResultsDocument.Row) {
    var parts: OrderedDictionary<String, String> = [:]
    for (key, value) in row.extra where !Self.findings.contains(key) {
      if case .string(let text) = value { parts[key] = text }
    }
    parts["split"] = row.split
    self.init(parts)
  }

  /// `rate` is the learning rate that validation chose for a method. Two methods with different rates are still
  /// comparable.
  private static let findings: Set = ["mask", "front", "note", "rate"]

  /// True for a mean or an area over several conditions.
  public var isSummary: Bool {
    ["missing", "shift"].contains { key in parts[key].map { $0 == "mean" || $0 == "area" } ?? false }
  }

  /// The values of these keys as a name; `all` if there are none.
  public func name(_ keys: some Sequence<String>) -> String {
    let words = keys.compactMap { parts[$0] }.filter { !$0.isEmpty }
    return words.isEmpty ? "all" : words.joined(separator: ", ")
  }

  /// The keys whose values differ between some conditions; empty for a single condition.
  public static func distinguishing(_ conditions: [ScoreCondition]) -> [String] {
    OrderedSet(conditions.flatMap { Array($0.parts.keys) }).filter { key in
      Set(conditions.map { $0.parts[key] }).count > 1
    }
  }
}
