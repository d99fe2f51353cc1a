/// The direction in which a metric improves.
public enum MetricDirection: Sendable {
  /// For accuracies, correlations and overlaps.
  case higherIsBetter
  /// For errors and losses.
  case lowerIsBetter

  /// Finds the direction of a metric by its name. Errors, losses and gaps are better when low, all others when high.
  ///
  /// A prefix up to the last `/` (a split or a modality) has no influence, so `valid/mae` is like `mae`.
  public init(metric name: String) {
    let base = name.split(separator: "/").last.map(String.init) ?? name
    self =
      Self.lower.contains(base) || base.hasSuffix("_loss") || name.hasPrefix("pseudo/")
        || Self.lowerVolume.contains { base.hasPrefix($0) }
      ? .lowerIsBetter : .higherIsBetter
  }

  private static let lower: Set = ["mae", "mse", "rmse", "loss", "modality_gap", "gradient_imbalance"]
  /// The errors of ``VolumeMetrics``, which may have a region's name behind them.
  private static let lowerVolume = ["hd95", "volume_difference"]

  /// Returns true if a value is better than the best so far. An undefined value never is, and any number is better than
  /// no value.
  public func improves(_ value: Double?, on best: Double?) -> Bool {
    guard let value, !value.isNaN else { return false }
    guard let best, !best.isNaN else { return true }
    return self == .higherIsBetter ? value > best : value < best
  }
}
