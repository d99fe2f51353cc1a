/// The metrics of multi-label classification, with the names and definitions of scikit-learn.
///
/// * `f1_micro`: F1 of all answers to all labels together, 2·TP / (2·TP + FP + FN).
/// * `f1_macro`: the mean F1 over the labels.
/// * `accuracy`: the share of samples with every label right (`accuracy_score`, the subset accuracy).
/// * `hamming_loss`: the share of wrong answers to single labels.
/// * `average_precision`: the mean over the labels of Σ_n (R_n − R_{n−1}) P_n over the thresholds of the logit.
///
/// A label holds if its logit is 0 or more, which is a probability of ½ or more. F1 is undefined for a label without
/// truths and answers, and the average precision for a label without truths. The means leave such labels out, as
/// scikit-learn does for F1 with `zero_division=np.nan`.
public enum MultilabelMetrics {
  /// The metrics' names, in order.
  public static let names = ["f1_micro", "f1_macro", "accuracy", "hamming_loss", "average_precision"]

  /// Computes the metrics. All are undefined if a logit is NaN, or without samples.
  ///
  /// - Parameters:
  ///   - logits: `[N, K]`, row by row.
  ///   - truth: `[N, K]`, 0 or 1.
  ///   - labels: K.
  public static func values(logits: [Float], truth: [Float], labels: Int) -> MetricValues {
    guard let scores = perLabel(logits: logits, truth: truth, labels: labels) else { return .undefined(names) }
    let count = logits.count / labels
    let wrong = zip(logits, truth).map { ($0 >= 0) != ($1 >= 0.5) }
    let exact = (0..<count).count { row in !wrong[row * labels..<(row + 1) * labels].contains(true) }
    let all = scores.reduce(Counts()) { $0 + $1.counts }
    return [
      "f1_micro": all.f1, "f1_macro": mean(scores.compactMap(\.counts.f1)),
      "accuracy": Double(exact) / Double(count),
      "hamming_loss": Double(wrong.count { $0 }) / Double(wrong.count),
      "average_precision": mean(scores.compactMap(\.averagePrecision)),
    ]
  }

  /// The counts of the answers to one label.
  struct Counts {
    var truePositives = 0
    var falsePositives = 0
    var falseNegatives = 0

    var support: Int { truePositives + falseNegatives }
    var precision: Double? { ratio(truePositives, truePositives + falsePositives) }
    var recall: Double? { ratio(truePositives, support) }
    var f1: Double? { ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }

    static func + (left: Counts, right: Counts) -> Counts {
      Counts(
        truePositives: left.truePositives + right.truePositives,
        falsePositives: left.falsePositives + right.falsePositives,
        falseNegatives: left.falseNegatives + right.falseNegatives)
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
  }

  /// The counts and the average precision of each label; nil if a logit is NaN, or without samples.
  static func perLabel(
    logits: [Float], truth: [Float], labels: Int
  ) -> [(counts: Counts, averagePrecision: Double?)]? {
    precondition(labels > 0 && logits.count == truth.count && logits.count % labels == 0, "\(logits.count) logits")
    guard !logits.isEmpty, !logits.contains(where: \.isNaN) else { return nil }
    return (0..<labels).map { label in
      let places = stride(from: label, to: logits.count, by: labels)
      let pairs = places.map { (score: logits[$0], holds: truth[$0] >= 0.5) }
      var counts = Counts()
      for pair in pairs {
        switch (pair.score >= 0, pair.holds) {
        case (true, true): counts.truePositives += 1
        case (true, false): counts.falsePositives += 1
        case (false, true): counts.falseNegatives += 1
        case (false, false): break
        }
      }
      return (counts, averagePrecision(pairs))
    }
  }

  /// Σ_n (R_n − R_{n−1}) P_n over the thresholds, from the highest score; nil without a truth. Equal scores share one
  /// threshold.
  private static func averagePrecision(_ pairs: [(score: Float, holds: Bool)]) -> Double? {
    let total = pairs.count { $0.holds }
    guard total > 0 else { return nil }
    let sorted = pairs.sorted { $0.score > $1.score }
    var (sum, hits, before) = (0.0, 0, 0)
    for (index, pair) in sorted.enumerated() {
      if pair.holds { hits += 1 }
      let isThreshold = index + 1 == sorted.count || sorted[index + 1].score != pair.score
      guard isThreshold else { continue }
      sum += Double(hits - before) * Double(hits) / Double(index + 1)
      before = hits
    }
    return sum / Double(total)
  }

  private static func mean(_ values: [Double]) -> Double? { values.isEmpty ? nil : Regression.mean(values) }
}
