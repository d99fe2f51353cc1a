import OrderedCollections
import Polyphony
import PolyphonyPresentation

/// The section of settings and environment, which a reader needs to reproduce the results.
enum ReproductionSection {
  static func make(_ content: ReportContent) -> ReportSection? {
    let source = content.source
    let facts = facts(source)
    guard !facts.isEmpty || !source.recipes.isEmpty else { return nil }
    return ReportSection(
      id: "reproduction", title: "Settings and surroundings",
      body: HTML([
        facts.isEmpty
          ? .empty
          : HTML("dl") {
            for fact in facts {
              HTML("dt") { fact.name }
              HTML("dd") { if fact.isCode { HTML("code") { fact.value } } else { fact.value } }
            }
          },
        source.environment == nil
          ? HTML.notes(["The folder does not say with which libtorch, on what and on which data it was made."])
          : .empty,
        masks(source).isEmpty
          ? .empty
          : HTML.folded("Hashes of what was missing (\(masks(source).count))") {
            HTML("dl") {
              for mask in masks(source) {
                HTML("dt") { mask.condition }
                HTML("dd") { HTML("code") { mask.hash } }
              }
            }
          },
        source.recipes.isEmpty ? .empty : HTML("h3") { "Recipes" },
        HTML(
          source.recipes.map { recipe in
            HTML.folded(title(recipe.folders)) { HTML("pre") { recipe.text } }
          }),
      ]))
  }

  private static func facts(_ source: ReportSource) -> [(name: String, value: String, isCode: Bool)] {
    var facts: [(name: String, value: String, isCode: Bool)] = []
    if let environment = source.environment {
      if environment.command.count > 1 {
        facts.append(("command", environment.command.map(shellQuoted).joined(separator: " "), true))
      }
      facts += environment.facts.map { ($0.name, $0.value, false) }
      for data in environment.data {
        facts.append(("data set \(data.name)", data.folder, true))
        for hash in data.hashes { facts.append(("SHA-256 of \(hash.split)", hash.hash, true)) }
      }
    } else if let document = source.document {
      facts.append(("polyphony", document.version, false))
    }
    return facts
  }

  /// Returns the hashes of the missing patterns by condition. All methods share them, so one method's are enough.
  private static func masks(_ source: ReportSource) -> [(condition: String, hash: String)] {
    var masks: OrderedDictionary<String, String> = [:]
    for row in source.document?.results ?? [] {
      guard case .string(let hash)? = row.extra["mask"] else { continue }
      let condition = ScoreCondition(row)
      let parts = ["data", "missing"].compactMap { condition.parts[$0] }
      masks["\(parts.joined(separator: ", ")) \(hash)"] = hash
    }
    return masks.map { (String($0.key.dropLast($0.value.count + 1)), $0.value) }
  }

  private static func shellQuoted(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_=./:,+@%".contains($0) }
    return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }

  private static func title(_ folders: [String]) -> String {
    if folders == [""] { return "recipe.yaml" }
    let names = folders.map { $0.isEmpty ? "this folder" : $0 }
    return names.count == 1 ? names[0] : "\(names[0]) and \(names.count - 1) more"
  }
}
