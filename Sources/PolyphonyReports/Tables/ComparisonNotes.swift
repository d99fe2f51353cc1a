import OrderedCollections
import Polyphony

/// The notes under a table of scores. They explain ± and the tests, and name the seeds and the untested rows.
struct ComparisonNotes {
  let comparison: MethodComparison

  init(_ comparison: MethodComparison) { self.comparison = comparison }

  private var entries: [(condition: ScoreCondition, entry: MethodComparison.Entry)] {
    comparison.conditions.flatMap { condition in
      comparison.methods.compactMap { method in comparison[condition, method].map { (condition, $0) } }
    }
  }

  /// The sentences, in order.
  var sentences: [String] {
    let counts = Set(entries.map(\.entry.row.seeds.count))
    var sentences: [String] = []
    if counts.contains(where: { $0 > 1 }) {
      sentences.append("Mean ± standard deviation (divided by n) over \(Words.range(counts, "seed")).")
    }
    if comparison.methods.count > 1 { sentences.append("Best in bold.") }
    if Set(entries.map { Set($0.entry.row.seeds) }).count > 1 {
      sentences.append("Not all rows have the same seeds: differences are over common ones, means are not.")
    }
    return sentences + tested + untested
  }

  private var tested: [String] {
    guard comparison.tested > 0 else { return [] }
    let insignificant = entries.compactMap { place in
      if case .notSignificant(let seeds)? = place.entry.verdict { seeds } else { nil }
    }
    let count = comparison.tested == 1 ? "the 1 comparison" : "the \(comparison.tested) comparisons"
    return [
      "* differs from \(comparison.reference) with p < \(Verdict.level): paired t-test over common seeds, "
        + "two-sided, p after Holm's correction over \(count) of this metric."
    ]
      + (insignificant.isEmpty ? [] : ["Tested without *: not significant with \(Words.range(insignificant, "seed"))."])
      + (comparison.conditions.count == 1
        ? ["Differences are to \(comparison.reference), mean ± standard error over common seeds."] : [])
  }

  private var untested: [String] {
    let tests = entries.compactMap { place in place.entry.test?.obstacle.map { (place, $0) } }
    guard !tests.isEmpty else { return [] }
    let keys = ScoreCondition.distinguishing(comparison.conditions)
    return OrderedDictionary(grouping: tests, by: \.1).map { obstacle, members in
      let all = comparison.tested == 0 && members.count == tests.count
      if all { return "Nothing can be said about differences from \(comparison.reference): \(obstacle.rawValue)." }
      let names = members.prefix(4).map { member in
        member.0.entry.row.name + (keys.isEmpty ? "" : " under \(member.0.condition.name(keys))")
      }
      let more = members.count > 4 ? " and \(members.count - 4) more" : ""
      return "Not tested: \(names.joined(separator: ", "))\(more) (\(obstacle.rawValue))."
    }
  }
}
