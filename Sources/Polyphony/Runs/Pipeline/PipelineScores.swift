import Foundation
import OrderedCollections
import Torch

/// The scores of one model on disk, in the form of a results document. Reading restores the same bits.
enum PipelineScores {
  private static let conditions = ["missing", "shift"]

  static func write(_ rows: [RunResult], to file: String) throws(Fault) {
    let document = ResultsDocument(
      command: "scores", version: Polyphony.version, results: rows.map { ResultsDocument.Row($0) })
    try AtomicFile.write(document.text(), to: file)
  }

  /// The rows of a file. Nil for a missing or damaged file.
  static func read(_ file: String, split: String, seed: UInt64) -> [RunResult]? {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8),
      let document = try? ResultsDocument(parsing: text), document.results.allSatisfy({ $0.seeds == [Int(seed)] })
    else { return nil }
    return document.results.map { row in
      var result = RunResult(name: row.name, split: row.split ?? split)
      for key in conditions {
        if case .string(let value)? = row.extra[key] { result.conditions[key] = value }
      }
      if case .string(let mask)? = row.extra["mask"] { result.mask = mask }
      result.parameters = row.parameters.map { ($0.total, $0.trainable) }
      var scores = MetricValues()
      for (name, aggregate) in row.metrics { scores[name] = aggregate.values.first ?? nil }
      var answers = AnswerSummary.all(row)[Int(seed)]
      answers?.classes = ClassReport(row)
      result.add(seed: seed, scores, answers: answers)
      return result
    }
  }
}
