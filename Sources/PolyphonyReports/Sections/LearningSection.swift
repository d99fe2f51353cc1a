import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of losses and scores over the course of learning.
enum LearningSection {
  private struct Group: Hashable {
    var data: String?
    var kind: String
  }

  static func make(_ content: ReportContent) -> ReportSection? {
    let stages = content.source.stages.filter { !$0.records.records.isEmpty }
    let isOfOneData = Set(stages.map(\.data)).count == 1
    let groups = OrderedDictionary(grouping: stages) { Group(data: isOfOneData ? nil : $0.data, kind: $0.kind) }
    let bodies = groups.compactMap { group, members in
      body(group, members, content, isOnly: groups.count == 1)
    }
    guard !bodies.isEmpty else { return nil }
    let unreadable = stages.reduce(0) { $0 + $1.records.unreadable }
    var notes = ["Means over seeds; bands are ± one standard deviation."]
    if stages.allSatisfy({ stage in stages.count { $0.method == stage.method && $0.kind == stage.kind } == 1 }) {
      notes = ["One seed each."]
    }
    if stages.contains(where: { $0.chosen != nil }) {
      notes.append("A ring is an epoch that the validation split chose. Seeds that chose the same epoch share a ring.")
    }
    if unreadable > 0 { notes.append("\(Words.count(unreadable, "line")) of the logs could not be read.") }
    return ReportSection(
      id: "learning", title: "Learning curves", body: HTML(bodies + [HTML.notes(notes)]))
  }

  private static func body(_ group: Group, _ stages: [ReportStage], _ content: ReportContent, isOnly: Bool) -> HTML? {
    let names = Array(OrderedSet(stages.flatMap(\.records.names)))
    let losses = names.filter { $0.hasSuffix("/loss") && $0 != "adapt/loss" }
    let scored = names.filter { $0.hasPrefix("valid/") && $0 != "valid/loss" }.map { String($0.dropFirst(6)) }
    let metric = content.metric.flatMap { scored.contains($0) ? $0 : nil } ?? Evaluation.principalMetric(among: scored)
    let methods = OrderedDictionary(grouping: stages, by: \.method)
    var figures: [HTML] = []
    func add(_ title: String, _ y: String, _ series: [LineChart.Series]) {
      let drawn = series.filter { $0.points.contains { $0.y != nil } }
      guard !drawn.isEmpty else { return }
      let bySteps = stages.contains { $0.records.countsSteps }
      var chart = LineChart(title, x: bySteps ? "step" : "epoch", y: y, drawn)
      chart.largestY = ScoreRange.largest(y)
      chart.isWholeX = true
      figures.append(HTML.figure(title, chart.drawing(.page)))
    }
    if methods.count == 1, let members = methods.values.first {
      add("Losses", "loss", losses.map { series(Self.title($0), members, $0) })
    } else {
      for loss in losses { add(Self.title(loss).capitalized, "loss", methods.map { series($0, $1, loss) }) }
    }
    // The stages of an adaptation have losses of their own, which no common axis shows.
    let parts = OrderedSet(stages.flatMap { $0.records.stages(of: "adapt/loss") })
    for part in parts {
      let title = parts.count > 1 ? "Adaptation loss, \(Self.parts[part] ?? part)" : "Adaptation loss"
      add(title, "loss", methods.map { series($0, $1, "adapt/loss", part) })
    }
    if let metric {
      add("Validation \(metric)", metric, methods.map { series($0, $1, "valid/\(metric)") })
    }
    if names.contains("adapt/drift") {
      add("Drift of the parameters", "‖θ − θ₀‖ / ‖θ₀‖", methods.map { series($0, $1, "adapt/drift") })
    }
    guard !figures.isEmpty else { return nil }
    let title = [group.data, Self.kinds[group.kind] ?? group.kind].compactMap(\.self).joined(separator: ", ")
    return HTML([isOnly ? .empty : HTML("h3") { title }, HTML.figures(figures)])
  }

  private static let kinds = ["train": "training", "tune": "tuning", "adapt": "adaptation"]

  private static let parts = ["contrast": "contrastive stage", "pseudo": "stage of pseudo-labels"]

  private static func title(_ metric: String) -> String {
    switch metric {
    case "train/loss": "training loss"
    case "valid/loss": "validation loss"
    default: metric
    }
  }

  /// Returns a metric over epochs: the mean over runs, its deviation for several runs, and the chosen epochs.
  private static func series(
    _ name: String, _ stages: [ReportStage], _ metric: String, _ part: String? = nil
  ) -> LineChart.Series {
    var values: [Int: [Double?]] = [:]
    for stage in stages {
      for point in stage.records.curve(metric, stage: part) { values[point.x, default: []].append(point.y) }
    }
    var series = LineChart.Series(
      name,
      values.sorted { $0.key < $1.key }.map { place, found in
        let scores = Aggregate(found)
        return .init(Double(place), scores.mean, spread: found.count > 1 ? scores.standardDeviation : nil)
      })
    if metric.hasPrefix("valid/") { series.rings = Set(stages.compactMap { $0.chosen.map(Double.init) }) }
    return series
  }
}

extension String {
  /// The text with a capital first letter.
  fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
