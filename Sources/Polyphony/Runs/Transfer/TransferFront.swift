import Torch

/// Which methods no other beats in both score and trained parameters.
public enum TransferFront {
  /// Rows with the condition `front`: `yes` for those on the Pareto front of their amount of samples.
  public static func marked(_ results: [RunResult], metric: String) -> [RunResult] {
    let fronts = amounts(results).map { Set(chart(results, amount: $0, metric: metric).front.map(\.name)) }
    return results.map { result in
      var result = result
      let place = amounts(results).firstIndex(of: result.conditions["samples"] ?? "") ?? 0
      result.conditions["front"] = fronts[place].contains(result.name) ? "yes" : ""
      return result
    }
  }

  /// The amounts of samples, in order.
  public static func amounts(_ results: [RunResult]) -> [String] {
    results.reduce(into: []) { names, result in
      if let amount = result.conditions["samples"], !names.contains(amount) { names.append(amount) }
    }
  }

  /// Mean scores over trained parameters for one amount of samples; methods without a defined score are left out.
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
