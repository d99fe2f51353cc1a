import OrderedCollections

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

  /// What was run.
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
    var text = "polyphony \(content.command) "
    text += main.methods.count == 1 ? "scored \(main.methods[0]) " : "compared \(Words.list(main.methods)) "
    text = text.dropLast() + (content.data.isEmpty ? "" : " on \(Words.list(content.data))")
    text += ", " + perSeed
    let conditions = main.conditions.filter { !$0.isSummary }
    let keys = Condition.distinguishing(conditions).filter { $0 != "data" && $0 != "split" }
    let names = OrderedSet(conditions.map { $0.name(keys) })
    if !keys.isEmpty {
      text += ", under \(Words.count(names.count, "condition")) (\(Words.list(Array(names), limit: 6)))"
    }
    let splits = OrderedSet(content.rows.compactMap(\.split))
    if !splits.isEmpty {
      text += ". Scores are those of the \(Words.list(Array(splits))) split\(splits.count == 1 ? "" : "s")"
    }
    return text + "."
  }

  /// What came out: a sentence for each of a few conditions, or a count over many.
  private var findings: [String] {
    guard let main = content.main else { return [] }
    let means = main.conditions.filter {
      $0.isSummary && ($0.parts["missing"] == "mean" || $0.parts["shift"] == "mean")
    }
    let conditions = means.isEmpty ? main.conditions.filter { !$0.isSummary } : means
    let keys = Condition.distinguishing(main.conditions)
    if conditions.count <= 6 {
      return conditions.map { condition in
        let prefix = conditions.count > 1 || !means.isEmpty ? place(condition, keys) : ""
        return prefix + finding(condition, main)
      }
    }
    return counts(conditions, main)
  }

  private func place(_ condition: Condition, _ keys: [String]) -> String {
    let words = keys.compactMap { key -> String? in
      guard let value = condition.parts[key], !value.isEmpty else { return nil }
      return value == "mean" ? "mean over what is \(key == "shift" ? "shifted" : "incomplete")" : value
    }
    let text = words.joined(separator: ", ")
    return text.isEmpty ? "" : "\(text.hasPrefix("mean over") ? "M" + text.dropFirst() : text): "
  }

  private func finding(_ condition: Condition, _ main: MethodComparison) -> String {
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
        + (next.test.map { certainty($0, next.adjusted, main) } ?? "")
    }
    var text = "Best is \(best.row.name) with \(score) (\(better(main)))"
    if let reference = main[condition, main.reference] {
      text += "; \(main.reference), the reference, has \(numbers.text(reference.scores))"
    }
    return text + "." + (best.test.map { certainty($0, best.adjusted, main) } ?? "")
  }

  private func better(_ main: MethodComparison) -> String {
    main.direction == .higherIsBetter ? "higher is better" : "lower is better"
  }

  /// How sure a difference is.
  private func certainty(_ test: PairedTest, _ adjusted: Double?, _ main: MethodComparison) -> String {
    guard test.difference != nil else {
      return " Nothing can be said about the difference: \(test.obstacle?.rawValue ?? "undefined")."
    }
    let size = "The difference is \(content.numbers.difference(test))"
    guard let adjusted else {
      return " \(size), of which nothing can be said: \(test.obstacle?.rawValue ?? "undefined")."
    }
    let p = NumberText.probability(adjusted)
    let probability = p.hasPrefix("<") ? "p \(p)" : "p = \(p)"
    let verdict =
      adjusted < MethodComparison.level
      ? "significant" : "not significant"
    return " \(size) (mean ± standard error over \(test.seeds.count) seeds), \(verdict) "
      + "(\(probability) after correction for \(Words.count(main.tested, "comparison")))."
  }

  /// For many conditions: how often each method is the best, and how often it differs significantly.
  private func counts(_ conditions: [Condition], _ main: MethodComparison) -> [String] {
    main.methods.compactMap { method in
      let entries = conditions.compactMap { main[$0, method] }
      let wins = entries.count(where: \.isBest)
      var text = "\(method) is best under \(wins) of \(Words.count(entries.count, "condition"))"
      if method != main.reference {
        let differing = entries.filter(\.isSignificant)
        let gains = differing.count { main.direction.improves($0.test?.difference, on: 0) }
        text += "; significantly better than \(main.reference) under \(gains), worse under \(differing.count - gains)"
      } else {
        text += " (the reference)"
      }
      return text + "."
    }
  }

  /// What the best method costs.
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
