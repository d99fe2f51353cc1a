import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of scores under shifts, by kind, severity and method.
enum ShiftSection {
  private typealias Place = (condition: ScoreCondition, shift: Shift)

  static func make(_ content: ReportContent) -> ReportSection? {
    guard let main = content.main else { return nil }
    let places = main.conditions.compactMap { condition -> Place? in
      condition.parts["shift"].flatMap { try? Shift(named: $0) }.map { (condition, $0) }
    }
    let groups = OrderedDictionary(grouping: places) { place in rest(place.condition) }
    let keys = ScoreCondition.distinguishing(Array(groups.keys))
    var bodies: [HTML] = []
    for (rest, members) in groups {
      let suffix = keys.isEmpty ? "" : ", \(rest.name(keys))"
      let clean = main.conditions.first { condition in
        let value = condition.parts["shift"]
        return Self.rest(condition) == rest && (value == nil || value == "none" || value == "")
      }
      var figures = lines(members, main, suffix)
      figures += maps(members, clean, main, content.numbers, suffix)
      if !figures.isEmpty { bodies.append(HTML.figures(figures)) }
    }
    guard !bodies.isEmpty else { return nil }
    return ReportSection(
      id: "shifts", title: "Shifts",
      body: HTML(
        bodies + [
          HTML.notes([
            "Severities go from 1 to 5. Lines are means over kinds and seeds, bands ± one standard deviation over seeds. "
              + "Maps show means over seeds: blue is better and orange worse than the same method without a shift, where "
              + "that was scored, else than the mean of all maps; full colour is as far as any cell goes."
          ])
        ]))
  }

  private static func rest(_ condition: ScoreCondition) -> ScoreCondition {
    var rest = condition
    rest.parts["shift"] = nil
    return rest
  }

  /// Draws a line per method over severities.
  private static func lines(_ places: [Place], _ main: MethodComparison, _ suffix: String) -> [HTML] {
    let bySeverity = Dictionary(grouping: places, by: \.shift.severity)
    guard bySeverity.count > 1 else { return [] }
    let series = main.methods.map { method in
      LineChart.Series(
        method,
        bySeverity.keys.sorted().map { severity in
          let scores = Aggregate(meanOf: (bySeverity[severity] ?? []).compactMap { main[$0.condition, method]?.scores })
          return .init(Double(severity), scores.mean, spread: scores.values.count > 1 ? scores.standardDeviation : nil)
        })
    }
    var chart = LineChart("\(main.metric) over severity", x: "severity", y: main.metric, series)
    chart.isWholeX = true
    chart.largestY = ScoreRange.largest(main.metric)
    return [HTML.figure("\(main.metric) over severity, mean over kinds\(suffix)", chart.drawing(.page))]
  }

  /// Draws a map per method, with kinds as rows and severities as columns.
  private static func maps(
    _ places: [Place], _ clean: ScoreCondition?, _ main: MethodComparison, _ numbers: NumberText, _ suffix: String
  ) -> [HTML] {
    let kinds = OrderedSet(places.map(\.shift.family))
    let severities = Set(places.map(\.shift.severity)).sorted()
    let all = places.flatMap { place in main.methods.compactMap { main[place.condition, $0]?.scores.mean } }
    guard kinds.count * severities.count > 1, !all.isEmpty else { return [] }
    let average = all.reduce(0, +) / Double(all.count)
    func unshifted(_ method: String) -> Double? {
      let none = places.first { $0.shift.severity == 0 }?.condition
      return (none ?? clean).flatMap { main[$0, method]?.scores.mean }
    }
    let reach = main.methods.flatMap { method in
      places.compactMap { place in
        main[place.condition, method]?.scores.mean.map { abs($0 - (unshifted(method) ?? average)) }
      }
    }.max()
    return main.methods.map { method in
      let values = kinds.map { kind in
        severities.map { severity in
          places.first { $0.shift.family == kind && $0.shift.severity == severity }
            .flatMap { main[$0.condition, method]?.scores.mean }
        }
      }
      var map = HeatMap(
        "\(method): \(main.metric) by kind and severity", rows: Array(kinds), columns: severities.map { "\($0)" },
        values: values, middle: unshifted(method) ?? average, format: { numbers.text($0) })
      map.higherIsBetter = main.direction == .higherIsBetter
      map.reach = reach
      return HTML.figure("\(method): \(main.metric) by kind and severity\(suffix)", map.drawing(.page))
    }
  }
}
