/// The formulas for the metrics of regression, over pairs of prediction p and truth t.
enum Regression {
  /// Returns true if there are pairs and all their numbers are finite.
  static func isDefined(_ prediction: [Float], _ truth: [Float]) -> Bool {
    precondition(prediction.count == truth.count, "\(prediction.count) predictions for \(truth.count) truths")
    return !truth.isEmpty && prediction.allSatisfy(\.isFinite) && truth.allSatisfy(\.isFinite)
  }

  /// The mean of |p − t|.
  static func meanAbsoluteError(_ prediction: [Float], _ truth: [Float]) -> Double {
    mean(errors(prediction, truth).map { abs($0) })
  }

  /// The mean of (p − t)².
  static func meanSquaredError(_ prediction: [Float], _ truth: [Float]) -> Double {
    mean(errors(prediction, truth).map { $0 * $0 })
  }

  /// Pearson's r; nil if one side is constant.
  static func correlation(_ prediction: [Float], _ truth: [Float]) -> Double? {
    guard !isConstant(prediction), !isConstant(truth) else { return nil }
    let (p, t) = (deviations(prediction), deviations(truth))
    let r = dot(p, t) / (dot(p, p).squareRoot() * dot(t, t).squareRoot())
    return r.isFinite ? min(max(r, -1), 1) : nil
  }

  /// 1 − Σ(p − t)² / Σ(t − t̄)²; nil if the truth is constant.
  static func determination(_ prediction: [Float], _ truth: [Float]) -> Double? {
    guard !isConstant(truth) else { return nil }
    let t = deviations(truth)
    return 1 - meanSquaredError(prediction, truth) * Double(truth.count) / dot(t, t)
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  // This compares the values because the deviations of a constant are not always exactly zero in floating point.
  private static func isConstant(_ values: [Float]) -> Bool { values.allSatisfy { $0 == values.first } }

  private static func errors(_ prediction: [Float], _ truth: [Float]) -> [Double] {
    zip(prediction, truth).map { Double($0) - Double($1) }
  }

  private static func deviations(_ values: [Float]) -> [Double] {
    let values = values.map(Double.init)
    let mean = mean(values)
    return values.map { $0 - mean }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}

/// The general metrics of regression: `mae`, `mse`, `rmse`, `corr`, `r2`.
public enum RegressionMetrics {
  /// The metrics' names, in order.
  public static let names = ["mae", "mse", "rmse", "corr", "r2"]

  /// Computes the metrics.
  ///
  /// - Parameters:
  ///   - prediction: `[N]`.
  ///   - truth: `[N]`.
  public static func values(prediction: [Float], truth: [Float]) -> MetricValues {
    guard Regression.isDefined(prediction, truth) else { return .undefined(names) }
    let mse = Regression.meanSquaredError(prediction, truth)
    return [
      "mae": Regression.meanAbsoluteError(prediction, truth), "mse": mse, "rmse": mse.squareRoot(),
      "corr": Regression.correlation(prediction, truth), "r2": Regression.determination(prediction, truth),
    ]
  }
}

extension MetricValues {
  /// A set in which all these metrics are undefined.
  static func undefined(_ names: [String]) -> MetricValues {
    var values = MetricValues()
    for name in names { values[name] = nil }
    return values
  }
}
