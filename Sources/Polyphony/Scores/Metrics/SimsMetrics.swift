/// The metrics of sentiment intensity in [−1, 1] (CH-SIMS), with the definitions of the benchmark MMSA.
///
/// For every metric, both sides are first clipped to ±1.
/// * `mae`, `corr`: mean absolute error and Pearson's r.
/// * `acc2`, `acc3`, `acc5`: accuracy over right-closed bins with the edges 0; ±0.1; ±0.1 and ±0.7.
/// * `f1`: F1 of the two bins, weighted by the truth's support.
public enum SimsMetrics {
  /// The metrics' names, in order.
  public static let names = ["mae", "corr", "acc2", "acc3", "acc5", "f1"]

  /// Computes the metrics.
  ///
  /// - Parameters:
  ///   - prediction: `[N]`.
  ///   - truth: `[N]`.
  public static func values(prediction: [Float], truth: [Float]) -> MetricValues {
    guard Regression.isDefined(prediction, truth) else { return .undefined(names) }
    let prediction = prediction.map { min(max($0, -1), 1) }
    let truth = truth.map { min(max($0, -1), 1) }
    let two = binned(prediction, truth, edges: [0])
    return [
      "mae": Regression.meanAbsoluteError(prediction, truth),
      "corr": Regression.correlation(prediction, truth),
      "acc2": two.accuracy,
      "acc3": binned(prediction, truth, edges: [-0.1, 0.1]).accuracy,
      "acc5": binned(prediction, truth, edges: [-0.7, -0.1, 0.1, 0.7]).accuracy,
      "f1": two.weightedF1,
    ]
  }

  /// Counts both sides in right-closed bins. The bin of a value is the number of edges below it.
  private static func binned(_ prediction: [Float], _ truth: [Float], edges: [Float]) -> ConfusionMatrix {
    let bin = { (value: Float) in edges.count { value > $0 } }
    return ConfusionMatrix(pairs: zip(truth, prediction).map { (bin($0), bin($1)) }, classes: edges.count + 1)
  }
}
