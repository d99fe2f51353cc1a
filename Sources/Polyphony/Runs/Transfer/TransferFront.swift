import Torch

/// The Pareto front of methods in score and number of trained parameters.
public enum TransferFront {
  /// Adds the condition `front` to the rows. It is `yes` for rows on the Pareto front of their amount of samples.
  public static func marked(_ results: [RunResult], metric: String) -> [RunResult] {
    let fronts = amounts(results).map { Set(chart(results, amount: $0, metric: metric).front.map(\.name)) }
    return results.map { result in
      var result = result
      let place = amounts(results).firstIndex(of: result.conditions["samples"] ?? "") ?? 0
      result.conditions["front"] = fronts[place].contains(result.name) ? "yes" : ""
      return result
    }
  }

  /// The amounts of samples, in the order of the rows.
  public static func amounts(_ results: [RunResult]) -> [String] {
    results.reduce(into: []) { names, result in
      if let amount = result.conditions["samples"], !names.contains(amount) { names.append(amount) }
    }
  }

  /// Draws mean scores over trained parameters for one amount of samples. It omits methods with an undefined score.
  public static func chart(_ results: [RunResult], amount: String, metric: String) -> ScatterChart {
    let points = results.filter { $0.conditions["samples"] == amount }.compactMap { result -> ScatterChart.Point? in
      guard let score = result.aggregates[metric], let mean = score.mean, let count = result.parameters else {
        return nil
      }
      return ScatterChart.Point(result.name, Double(count.trainable), mean, spread: score.standardDeviation)
    }
    var chart = ScatterChart(
      "Test \(metric) over trained parameters, \(amount) samples", x: "trained parameters", y: metric, points)
    chart.higherIsBetter = MetricDirection(metric: metric).improves(1, on: 0)
    chart.isLogarithmicX = true
    return chart
  }
}
