import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of scores over rates of missing data, and by patterns of missing modalities.
enum MissingSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    guard let main = content.main else { return nil }
    let conditions = main.conditions.filter { $0.parts["missing"] != nil && !$0.isSummary }
    // Conditions that differ in any other part have separate drawings.
    let groups = OrderedDictionary(grouping: conditions) { condition -> ScoreCondition in
      var rest = condition
      rest.parts["missing"] = nil
      return rest
    }
    let keys = ScoreCondition.distinguishing(Array(groups.keys))
    var figures: [HTML] = []
    for (rest, members) in groups {
      let place = keys.isEmpty ? "" : ", \(rest.name(keys))"
      let whole = members.filter { isComplete($0) }
      let rules = OrderedDictionary(grouping: members.filter { rate($0) != nil }) { rule($0) }
      for (rule, rates) in rules {
        // The complete data are the rate 0 of every rule.
        let places = (rates.contains { rate($0) == 0 } ? [] : whole.prefix(1)) + rates
        guard places.count > 1 else { continue }
        let series = main.methods.map { method in line(method, Array(places), main) }
        var chart = LineChart(
          "\(main.metric) over the missing rate", x: "missing rate (\(rule))", y: main.metric, series)
        chart.largestY = ScoreRange.largest(main.metric)
        figures.append(HTML.figure("\(main.metric) over the missing rate\(place)", chart.drawing(.page)))
      }
      let patterns = members.filter { rate($0) == nil }
      if patterns.count > 1 { figures.append(map(patterns, main, content.numbers, place)) }
    }
    guard !figures.isEmpty else { return nil }
    return ReportSection(
      id: "missing", title: "Missing modalities",
      body: HTML([
        HTML.figures(figures), HTML.notes(["Means over seeds; bands are ± one standard deviation."]),
      ]))
  }

  private static func isComplete(_ condition: ScoreCondition) -> Bool {
    ["complete", "none", ""].contains(condition.parts["missing"] ?? "")
  }

  private static func rule(_ condition: ScoreCondition) -> String {
    String((condition.parts["missing"] ?? "").prefix { $0 != ":" })
  }

  private static func rate(_ condition: ScoreCondition) -> Double? {
    let parts = (condition.parts["missing"] ?? "").split(separator: ":", maxSplits: 1)
    return parts.count == 2 && parts[0] != "fixed" ? Double(parts[1]).flatMap { $0.isFinite ? $0 : nil } : nil
  }

  private static func line(_ method: String, _ places: [ScoreCondition], _ main: MethodComparison) -> LineChart.Series {
    let points = places.map { place in
      let scores = main[place, method]?.scores
      return LineChart.Series.Point(
        rate(place) ?? 0, scores?.mean, spread: (scores?.values.count ?? 0) > 1 ? scores?.standardDeviation : nil)
    }
    return LineChart.Series(method, points.sorted { $0.x < $1.x })
  }

  private static func map(
    _ patterns: [ScoreCondition], _ main: MethodComparison, _ numbers: NumberText, _ place: String
  )
    -> HTML
  {
    let values = patterns.map { pattern in main.methods.map { main[pattern, $0]?.scores.mean } }
    let defined = values.joined().compactMap(\.self)
    var map = HeatMap(
      "\(main.metric) by what is missing", rows: patterns.map { $0.parts["missing"] ?? "" }, columns: main.methods,
      values: values,
      middle: defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count), format: { numbers.text($0) })
    map.higherIsBetter = main.direction == .higherIsBetter
    return HTML.figure(
      "\(main.metric) by what is missing\(place): blue is better than the mean of the map, orange worse",
      map.drawing(.page), isWide: true)
  }
}
