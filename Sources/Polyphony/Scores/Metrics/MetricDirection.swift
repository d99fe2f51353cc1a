/// Whether a larger or a smaller value of a metric is the better one.
public enum MetricDirection: Sendable {
  /// Accuracies, correlations, overlaps.
  case higherIsBetter
  /// Errors and losses.
  case lowerIsBetter

  /// The direction of a metric, by its name: errors, losses and gaps are better when low, all others when high.
  ///
  /// A prefix up to the last `/` (a split, a modality) does not count: `valid/mae` is as `mae`.
  public init(metric name: String) {
    let base = name.split(separator: "/").last.map(String.init) ?? name
    self =
      Self.lower.contains(base) || base.hasSuffix("_loss") || name.hasPrefix("pseudo/")
      ? .lowerIsBetter : .higherIsBetter
  }

  private static let lower: Set = ["mae", "mse", "rmse", "loss", "modality_gap"]

  /// Whether a value improves on the best so far; an undefined value never does, anything improves on none.
  public func improves(_ value: Double?, on best: Double?) -> Bool {
    guard let value, !value.isNaN else { return false }
    guard let best, !best.isNaN else { return true }
    return self == .higherIsBetter ? value > best : value < best
  }
}
