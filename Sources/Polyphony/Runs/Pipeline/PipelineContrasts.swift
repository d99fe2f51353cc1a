import OrderedCollections
import Torch

/// The section `contrasts` of a comparison's recipe. Each contrast is a question that the comparison answers.
///
/// ```yaml
/// contrasts:
///   prompted: {method: prompts, against: zero_fill, missing: sample:0.1...0.9}
/// ```
enum PipelineContrasts {
  /// Reads the section.
  /// - Throws: `Fault(.usage)` for methods that the recipe lacks, and conditions without scores.
  static func read(_ reader: SettingsReader, _ plans: [PipelineRecipe.Plan]) throws(Fault) -> [Contrast] {
    try reader.section("contrasts") { (section) throws(Fault) in
      var contrasts: [Contrast] = []
      for name in section.keys {
        contrasts.append(try section.section(name) { (own) throws(Fault) in try contrast(name, own, plans) })
      }
      return contrasts
    }
  }

  private static func contrast(
    _ name: String, _ reader: SettingsReader, _ plans: [PipelineRecipe.Plan]
  ) throws(Fault) -> Contrast {
    let methods = Array(OrderedSet(plans.map(\.method)))
    func method(_ key: String) throws(Fault) -> String {
      let name = try reader.required(key, .string)
      guard methods.contains(name) else {
        throw reader.fault(
          "the recipe has no such method", key: key, expected: methods.joined(separator: ", "),
          remedy: Suggestion.question(for: name, among: methods))
      }
      return name
    }
    var contrast = Contrast(name, method: try method("method"), against: try method("against"))
    guard contrast.method != contrast.against else {
      throw reader.fault("a method is compared with itself", key: "against", expected: "another method")
    }
    let (missing, shifts) = (try reader.optional("missing", .texts) ?? [], try reader.optional("shift", .texts) ?? [])
    for text in missing {
      contrast.missing += try reader.locating("missing") { () throws(Fault) in try rules(text) }
    }
    for text in shifts {
      contrast.shift.append(
        try reader.locating("shift") { () throws(Fault) in try Shift(named: text).description })
    }
    for plan in plans {
      try check(contrast.missing, plan.evaluation.scoredRates, "missing", reader)
      try check(contrast.shift, plan.evaluation.shifts.map(\.description), "shift", reader)
    }
    if !missing.isEmpty || !shifts.isEmpty { contrast.under = (missing + shifts).joined(separator: ", ") }
    return contrast
  }

  /// The names of the rules for one rate or several, as in the results.
  private static func rules(_ text: String) throws(Fault) -> [String] {
    // The mean over all patterns is weighted, so a contrast under patterns is refused.
    guard let rules = try MissingPlan(text).rules else {
      throw Fault(
        .usage, "patterns are no single condition", key: "--missing", found: text, expected: "one rule, or rates of one"
      )
    }
    return rules.map(\.description)
  }

  /// Refuses a condition without scores, because its contrast would have no answer.
  private static func check(
    _ asked: [String], _ scored: [String], _ key: String, _ reader: SettingsReader
  ) throws(Fault) {
    guard let unscored = asked.first(where: { !scored.contains($0) }) else { return }
    throw reader.fault(
      "nothing is scored under \(unscored)", key: key,
      expected: scored.isEmpty ? "the condition under `evaluate.\(key)` too" : scored.joined(separator: ", "),
      remedy: "add it to `evaluate.\(key)`")
  }
}
