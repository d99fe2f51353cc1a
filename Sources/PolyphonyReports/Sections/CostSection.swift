import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of scores against the costs of methods, with the Pareto front.
enum CostSection {
  /// One kind of cost of a method.
  private struct Cost: Sendable {
    var title: String
    var axis: String
    var isLogarithmic: Bool
    var value: @Sendable (ResultsDocument.Row) -> Double?
  }

  private static let costs = [
    Cost(title: "trained parameters", axis: "trained parameters", isLogarithmic: true) {
      $0.parameters.map { Double($0.trainable) }
    },
    Cost(title: "time", axis: "seconds", isLogarithmic: true) { $0.seconds },
    Cost(title: "time of a training step", axis: "milliseconds a step", isLogarithmic: true) {
      $0.secondsPerStep.map { $0 * 1000 }
    },
  ]

  static func make(_ content: ReportContent) -> ReportSection? {
    guard let main = content.main, main.methods.count > 1 else { return nil }
    let conditions = main.conditions.filter { !$0.isSummary }
    // Few conditions have a drawing each. Many share one per data set.
    let groups =
      conditions.count <= 4
      ? OrderedDictionary(
        uniqueKeysWithValues: conditions.map { ($0.name(ScoreCondition.distinguishing(conditions)), [$0]) })
      : OrderedDictionary(grouping: conditions) { $0.parts["data"] ?? "all" }
    var figures: [HTML] = []
    for cost in costs {
      for (name, members) in groups {
        let points = main.methods.compactMap { point($0, members, main, cost) }
        guard points.count > 1, Set(points.map(\.x)).count > 1 else { continue }
        var chart = ScatterChart("\(main.metric) against \(cost.title)", x: cost.axis, y: main.metric, points)
        chart.higherIsBetter = main.direction == .higherIsBetter
        chart.isLogarithmicX = cost.isLogarithmic
        let suffix = groups.count > 1 ? ", \(name)" : ""
        figures.append(HTML.figure("\(main.metric) against \(cost.title)\(suffix)", chart.drawing(.page)))
      }
    }
    guard !figures.isEmpty else { return nil }
    let mean = groups.values.contains { $0.count > 1 } ? " Scores are means over conditions." : ""
    return ReportSection(
      id: "cost", title: "Cost against score",
      body: HTML([
        HTML.figures(figures),
        HTML.notes([
          "Full points lie on the Pareto front, dashed: no other method costs as little and scores better. Whiskers are "
            + "± one standard deviation over seeds. Horizontal axes are logarithmic.\(mean)"
        ]),
      ]))
  }

  /// Returns the mean over conditions, seed by seed.
  private static func point(_ method: String, _ conditions: [ScoreCondition], _ main: MethodComparison, _ cost: Cost)
    -> ScatterChart.Point?
  {
    let entries = conditions.compactMap { main[$0, method] }
    let scores = Aggregate(meanOf: entries.map(\.scores))
    let spent = entries.compactMap { cost.value($0.row) }
    guard let mean = scores.mean, !spent.isEmpty else { return nil }
    let spread = scores.values.count > 1 ? scores.standardDeviation : nil
    return ScatterChart.Point(method, spent.reduce(0, +) / Double(spent.count), mean, spread: spread)
  }
}
