/// The metrics of sentiment intensity in [−3, 3] (CMU-MOSI, CMU-MOSEI), with the definitions of the benchmark MMSA.
///
/// * `mae`, `corr`: mean absolute error and Pearson's r of the unclipped values.
/// * `acc7`, `acc5`, `acc3`: the share of equal pairs after clipping to ±3, ±2, ±1 and rounding half to even.
/// * `acc2_has0`, `f1_has0`: negative against not negative (`≥ 0`) over all samples; F1 has the truth's support as
///   weights.
/// * `acc2_non0`, `f1_non0`: negative against positive (`> 0`) over the samples whose truth is not 0.
/// * `f1_non0_legacy`: `f1_non0` with exchanged truth and prediction, as in older code of the field, for comparison
///   with figures published in that form.
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

  /// The share of pairs that are equal after clipping to ±limit and rounding half to even.
  private static func agreement(_ prediction: [Float], _ truth: [Float], limit: Float) -> Double {
    let step = { (value: Float) in min(max(value, -limit), limit).rounded(.toNearestOrEven) }
    return Double(zip(prediction, truth).count { step($0) == step($1) }) / Double(truth.count)
  }
}
