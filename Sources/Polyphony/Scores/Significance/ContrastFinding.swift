import OrderedCollections
import Torch

/// The finding of a contrast on a data set: both scores, and the gain seed by seed.
public struct ContrastFinding: Sendable {
  /// The question.
  public let contrast: Contrast
  /// The data set; nil where rows do not say.
  public let data: String?
  /// True if more is better.
  public let direction: MetricDirection
  /// The scores of the method that is compared with.
  public let before: Aggregate
  /// The scores of the method that is asked about.
  public let after: Aggregate
  /// The test of the one against the other.
  public let test: PairedTest
  /// The p-value after Holm's correction over all contrasts that could be tested; nil where nothing could be.
  public private(set) var adjusted: Double?
  /// The parameters of the method that is asked about.
  public let parameters: ParameterCount?

  /// The mean improvement: positive is better, whatever the metric's direction; nil without a common seed.
  public var gain: Double? { test.difference.map { direction == .higherIsBetter ? $0 : -$0 } }

  /// The conclusion about the gain.
  public var verdict: Verdict { Verdict(test, adjusted: adjusted, direction: direction) }

  /// The findings of contrasts in the rows of a comparison: a contrast after the other, for each data set.
  ///
  /// - Parameters:
  ///   - contrasts: what is asked.
  ///   - rows: what was scored.
  ///   - metric: the metric that the scores are of.
  public static func all(_ contrasts: [Contrast], _ rows: [ResultsDocument.Row], metric: String) -> [ContrastFinding] {
    let data = Array(OrderedSet(rows.map(\.dataName)))
    var findings = contrasts.flatMap { contrast in
      data.map { ContrastFinding(contrast, rows.filter { [data = $0] in $0.dataName == data }, metric, $0) }
    }
    let tested = findings.indices.filter { findings[$0].test.p != nil }
    for (index, p) in zip(tested, HolmCorrection.adjusted(tested.compactMap { findings[$0].test.p })) {
      findings[index].adjusted = p
    }
    return findings
  }

  private init(_ contrast: Contrast, _ rows: [ResultsDocument.Row], _ metric: String, _ data: String?) {
    (self.contrast, self.data, direction) = (contrast, data, MetricDirection(metric: metric))
    let (own, other) = (
      Self.scores(contrast, contrast.method, rows, metric), Self.scores(contrast, contrast.against, rows, metric)
    )
    (before, after) = (other.scores, own.scores)
    test = PairedTest(own.scores, seeds: own.seeds, against: other.scores, seeds: other.seeds)
    parameters = rows.first { $0.name == contrast.method }?.parameters
  }

  /// A method's mean over the contrast's conditions for each seed that all of them have; nothing where one is missing.
  private static func scores(
    _ contrast: Contrast, _ method: String, _ rows: [ResultsDocument.Row], _ metric: String
  ) -> (scores: Aggregate, seeds: [Int]) {
    let chosen = contrast.conditions.compactMap { condition in
      rows.first { row in
        row.name == method
          && ["missing", "shift"].allSatisfy { row.text($0) == (condition?.key == $0 ? condition?.value : nil) }
      }
    }
    guard chosen.count == contrast.conditions.count, let first = chosen.first else { return (Aggregate([]), []) }
    let bySeed = chosen.map { row in
      Dictionary(zip(row.seeds, row.metrics[metric]?.values ?? []), uniquingKeysWith: { a, _ in a })
    }
    let seeds = Array(OrderedSet(first.seeds)).filter { seed in bySeed.allSatisfy { $0[seed] != nil } }
    let values = seeds.map { seed -> Double? in
      let values = bySeed.compactMap { $0[seed] ?? nil }
      return values.count == bySeed.count ? Regression.mean(values) : nil
    }
    return (Aggregate(values), seeds)
  }
}

extension ResultsDocument.Row {
  /// A further key's text; nil where there is none, or it is empty.
  fileprivate func text(_ key: String) -> String? {
    guard case .string(let text)? = extra[key], !text.isEmpty else { return nil }
    return text
  }

  fileprivate var dataName: String? { text("data") }
}
