import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The beginning of a report in plain words: what was run, what is best and by how much, how sure that is, what it costs.
struct ReportSummary {
  private let content: ReportContent

  init(_ content: ReportContent) { self.content = content }

  /// The paragraphs.
  var html: HTML {
    HTML([
      HTML("p") { done },
      findings.count > 1
        ? HTML("ul") { for finding in findings { HTML("li") { finding } } } : HTML("p") { findings.first ?? "" },
      cost.map { text in HTML("p") { text } } ?? .empty,
    ])
  }

  /// The sentence about the runs.
  private var done: String {
    guard let main = content.main else {
      let runs = Words.count(content.source.stages.count, "run")
      return "There are no results yet; the learning curves are those of \(runs)."
    }
    let seeds = Set(content.rows.map(\.seeds))
    let perSeed =
      seeds.count == 1
      ? (seeds.first?.count == 1 ? "with one seed" : "each with the seeds \(Words.seeds(seeds.first ?? []))")
      : "with different seeds"
    var text = main.methods.count == 1 ? "This report is about " : "This report compares "
    text += Words.list(main.methods)
    if !content.data.isEmpty { text += " on \(Words.list(content.data))" }
    text += ", " + perSeed
    let conditions = main.conditions.filter { !$0.isSummary }
    let keys = ScoreCondition.distinguishing(conditions).filter { $0 != "data" && $0 != "split" }
    let names = OrderedSet(conditions.map { $0.name(keys) })
    if !keys.isEmpty {
      text += ", under \(Words.count(names.count, "condition")) (\(Words.list(Array(names), limit: 6)))"
    }
    let splits = OrderedSet(content.rows.compactMap(\.split))
    if !splits.isEmpty {
      text += ". Scores are those of the \(Words.list(Array(splits))) split\(splits.count == 1 ? "" : "s")"
    }
    return text + ", from polyphony \(content.command)."
  }

  /// The results: a sentence for each of a few conditions, or a count over many.
  private var findings: [String] {
    guard let main = content.main else { return [] }
    // The summary answers the contrasts alone, if there are any.
    let asked = content.findings
    if !asked.isEmpty { return asked.map { answer($0, main) } }
    let means = main.conditions.filter {
      $0.isSummary && ($0.parts["missing"] == "mean" || $0.parts["shift"] == "mean")
    }
    let conditions = means.isEmpty ? main.conditions.filter { !$0.isSummary } : means
    let keys = ScoreCondition.distinguishing(main.conditions)
    if conditions.count <= 6 {
      return conditions.map { condition in
        let prefix = conditions.count > 1 || !means.isEmpty ? place(condition, keys) : ""
        return prefix + finding(condition, main)
      }
    }
    return counts(conditions, main)
  }

  /// The sentence about a contrast.
  private func answer(_ finding: ContrastFinding, _ main: MethodComparison) -> String {
    let (contrast, numbers) = (finding.contrast, content.numbers)
    let under = contrast.under.map { " under \($0)" } ?? ""
    let place = content.data.count > 1 ? finding.data.map { " on \($0)" } ?? "" : ""
    let scores =
      "\(contrast.name): \(contrast.method) has \(main.metric) \(numbers.text(finding.after))\(place)\(under), "
      + "\(contrast.against) \(numbers.text(finding.before))"
    guard let gain = finding.gain else { return "\(scores): \(finding.verdict.text)." }
    let error = finding.test.standardError.map { " ± \(numbers.text($0))" } ?? ""
    return "\(scores), a gain of \(numbers.text(gain, signed: true))\(error): \(finding.verdict.text)."
  }

  private func place(_ condition: ScoreCondition, _ keys: [String]) -> String {
    let words = keys.compactMap { key -> String? in
      guard let value = condition.parts[key], !value.isEmpty else { return nil }
      return value == "mean" ? "mean over what is \(key == "shift" ? "shifted" : "incomplete")" : value
    }
    let text = words.joined(separator: ", ")
    return text.isEmpty ? "" : "\(text.hasPrefix("mean over") ? "M" + text.dropFirst() : text): "
  }

  private func finding(_ condition: ScoreCondition, _ main: MethodComparison) -> String {
    let entries = main.methods.compactMap { main[condition, $0] }
    let numbers = content.numbers
    guard let best = entries.first(where: \.isBest) ?? entries.first(where: { $0.scores.mean != nil }) else {
      return "\(main.metric) is undefined."
    }
    let score = "\(main.metric) \(numbers.text(best.scores))"
    guard entries.count > 1 else {
      return "\(best.row.name) reaches \(score) (\(better(main)))."
    }
    if best.row.name == main.reference {
      let text = "The reference, \(best.row.name), is itself the best: \(score) (\(better(main)))."
      let others = entries.filter { $0.row.name != main.reference && $0.scores.mean != nil }
      let next = others.reduce(nil as MethodComparison.Entry?) { next, entry in
        main.direction.improves(entry.scores.mean, on: next?.scores.mean) ? entry : next
      }
      guard let next else { return text }
      return text + " Next is \(next.row.name) with \(numbers.text(next.scores))."
        + certainty(next, main)
    }
    var text = "Best is \(best.row.name) with \(score) (\(better(main)))"
    if let reference = main[condition, main.reference] {
      text += "; \(main.reference), the reference, has \(numbers.text(reference.scores))"
    }
    return text + "." + certainty(best, main)
  }

  private func better(_ main: MethodComparison) -> String {
    main.direction == .higherIsBetter ? "higher is better" : "lower is better"
  }

  /// How sure the difference from the reference is; nothing where there is none.
  private func certainty(_ entry: MethodComparison.Entry, _ main: MethodComparison) -> String {
    guard let test = entry.test, let verdict = entry.verdict else { return "" }
    guard test.difference != nil else { return " Nothing can be said about the difference: \(verdict.text)." }
    let size = " The difference is \(content.numbers.difference(test))"
    guard let adjusted = entry.adjusted else { return "\(size): \(verdict.text)." }
    let p = NumberText.probability(adjusted)
    let reason =
      "(\(p.hasPrefix("<") ? "p \(p)" : "p = \(p)") after correction for \(Words.count(main.tested, "comparison")))"
    return verdict.isSignificant
      ? "\(size) (mean ± standard error over \(test.seeds.count) seeds), significant \(reason)."
      : "\(size) (mean ± standard error), \(verdict.text) \(reason)."
  }

  /// For many conditions: means over them, how often each method is the best and how often it differs significantly.
  private func counts(_ conditions: [ScoreCondition], _ main: MethodComparison) -> [String] {
    let sets = OrderedDictionary(grouping: conditions) { $0.parts["data"] ?? "" }
    let means = sets.map { data, members in mean(data, members, main) }
    let wins = main.methods.map { method in conditions.count { main[$0, method]?.isBest ?? false } }
    let order = main.methods.indices.sorted { (-wins[$0], $0) < (-wins[$1], $1) }
    let cases = sets.count > 1 ? "cases (condition and data set)" : "conditions"
    return means.compactMap(\.self)
      + order.enumerated().map { place, index in
        let method = main.methods[index]
        let entries = conditions.compactMap { main[$0, method] }
        var text = "\(method) is best in \(wins[index]) of \(entries.count)\(place == 0 ? " \(cases)" : "")"
        guard method != main.reference else { return text + " (the reference)." }
        let (better, worse) = (entries.count { $0.verdict == .better }, entries.count { $0.verdict == .worse })
        text += ", significantly better than \(main.reference) in \(better), worse in \(worse)"
        return text + "."
      }
  }

  /// The best mean over the conditions of a data set.
  private func mean(_ data: String, _ conditions: [ScoreCondition], _ main: MethodComparison) -> String? {
    func mean(_ method: String) -> Double? {
      let values = conditions.compactMap { main[$0, method]?.scores.mean }
      return values.count == conditions.count ? values.reduce(0, +) / Double(values.count) : nil
    }
    let best = main.methods.reduce(nil as String?) { best, method in
      main.direction.improves(mean(method), on: best.flatMap(mean)) ? method : best
    }
    guard let best, let score = mean(best) else { return nil }
    let numbers = content.numbers
    let start = (data.isEmpty ? "Mean" : "\(data), mean") + " over the \(conditions.count) conditions: "
    let text = start + "best is \(best) with \(main.metric) \(numbers.text(score)) (\(better(main)))"
    guard best != main.reference, let other = mean(main.reference) else { return text + ", the reference." }
    return text + "; \(main.reference), the reference, has \(numbers.text(other)), a difference of "
      + "\(numbers.text(score - other, signed: true))."
  }

  /// The cost of the best method.
  private var cost: String? {
    guard let main = content.main else { return nil }
    let wins = main.methods.map { method in main.conditions.count { main[$0, method]?.isBest ?? false } }
    let index = wins.indices.max { (wins[$0], $1) < (wins[$1], $0) } ?? 0
    let method = main.methods[index]
    let own = main.conditions.compactMap { main[$0, method]?.row }
    guard let count = own.lazy.compactMap(\.parameters).first else { return nil }
    if count.trainable == 0 { return "\(method) trains nothing." }
    var text = "\(method) trains \(NumberText.count(count.trainable)) parameters"
    text +=
      count.trainable == count.total
      ? ", the whole model"
      : ", \(NumberText.share(count.trainable, of: count.total)) of \(NumberText.count(count.total))"
    if let time = own.lazy.compactMap(\.seconds).first {
      text += ", and takes \(NumberText.seconds(time))"
      let other = main.conditions.lazy.compactMap { main[$0, main.reference]?.row.seconds }.first
      if method != main.reference, let other { text += " (\(main.reference): \(NumberText.seconds(other)))" }
    } else if let step = own.lazy.compactMap(\.secondsPerStep).first {
      text += ", and takes \(NumberText.seconds(step)) a training step"
    }
    return text + "."
  }
}
