/// The range of a metric by its name.
enum ScoreRange {
  private static let shares: Set = ["accuracy", "balanced_accuracy", "f1_weighted", "f1_macro", "dice", "iou"]

  /// The largest possible value of a metric, 1 for accuracies and overlaps. Nil for metrics without a known end.
  static func largest(_ metric: String) -> Double? {
    let base = metric.split(separator: "/").last.map(String.init) ?? metric
    return shares.contains(base) || ["acc", "dice", "lesion_f1"].contains { base.hasPrefix($0) } ? 1 : nil
  }
}
