/// The metrics of sentiment intensity in [−3, 3] (CMU-MOSI, CMU-MOSEI), as the field's benchmark MMSA defines them.
///
/// * `mae`, `corr`: mean absolute error and Pearson's r, nothing clipped.
/// * `acc7`, `acc5`, `acc3`: both sides clipped to ±3, ±2, ±1 and rounded half to even; the share that agrees.
/// * `acc2_has0`, `f1_has0`: negative against not negative (`≥ 0`), over all samples; F1 weighted by the truth's
///   support.
/// * `acc2_non0`, `f1_non0`: negative against positive (`> 0`), over the samples whose truth is not 0.
/// * `f1_non0_legacy`: the same with the roles of truth and prediction exchanged, as older code of the field has it;
///   for comparison with numbers that were published so.
public enum SentimentMetrics {
  /// The metrics' names, in order.
  public static let names = [
    "mae", "corr", "acc7", "acc5", "acc3", "acc2_has0", "f1_has0", "acc2_non0", "f1_non0", "f1_non0_legacy",
  ]

  /// Computes the metrics.
  ///
  /// - Parameters:
  ///   - prediction: `[N]`.
  ///   - truth: `[N]`.
  public static func values(prediction: [Float], truth: [Float]) -> MetricValues {
    guard Regression.isDefined(prediction, truth) else { return .undefined(names) }
    let pairs = zip(truth, prediction)
    let withZero = ConfusionMatrix(pairs: pairs.map { ($0 >= 0 ? 1 : 0, $1 >= 0 ? 1 : 0) }, classes: 2)
    let withoutZero = ConfusionMatrix(
      pairs: pairs.filter { $0.0 != 0 }.map { ($0 > 0 ? 1 : 0, $1 > 0 ? 1 : 0) }, classes: 2)
    return [
      "mae": Regression.meanAbsoluteError(prediction, truth),
      "corr": Regression.correlation(prediction, truth),
      "acc7": agreement(prediction, truth, limit: 3),
      "acc5": agreement(prediction, truth, limit: 2),
      "acc3": agreement(prediction, truth, limit: 1),
      "acc2_has0": withZero.accuracy,
      "f1_has0": withZero.weightedF1,
      "acc2_non0": withoutZero.accuracy,
      "f1_non0": withoutZero.weightedF1,
      "f1_non0_legacy": withoutZero.transposed.weightedF1,
    ]
  }

  /// The share of pairs that are equal when clipped to ±limit and rounded half to even.
  private static func agreement(_ prediction: [Float], _ truth: [Float], limit: Float) -> Double {
    let step = { (value: Float) in min(max(value, -limit), limit).rounded(.toNearestOrEven) }
    return Double(zip(prediction, truth).count { step($0) == step($1) }) / Double(truth.count)
  }
}
