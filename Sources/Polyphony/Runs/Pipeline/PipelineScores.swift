import Foundation
import OrderedCollections
import Torch

/// The scores of one model on disk, in the form of a results document. Pipelines and transfers keep them. Reading
/// restores the same bits.
///
/// The hash of the file `KEY.json` is in `KEY.sha256`, which is written last.
enum PipelineScores {
  private static let conditions = ["missing", "shift", TransferScores.validation]

  static func write(_ rows: [RunResult], to file: String) throws(Fault) {
    let document = ResultsDocument(
      command: "scores", version: Polyphony.version, results: rows.map { ResultsDocument.Row($0) })
    try AtomicFile.write(document.text(), to: file)
    let (folder, name, list) = places(file)
    try HashList.write(of: [name], in: folder, to: list)
  }

  /// The rows of a file. Nil for a missing or damaged file, and for one without its hash.
  static func read(_ file: String, split: String, seed: UInt64) -> [RunResult]? {
    let (folder, _, list) = places(file)
    guard (try? HashList.check(in: folder, list)) != nil, let text = try? String(contentsOfFile: file, encoding: .utf8),
      let document = try? ResultsDocument(parsing: text), document.results.allSatisfy({ $0.seeds == [Int(seed)] })
    else { return nil }
    return document.results.map { row in
      var result = RunResult(name: row.name, split: row.split ?? split)
      for key in conditions {
        if case .string(let value)? = row.extra[key] { result.conditions[key] = value }
      }
      if case .string(let mask)? = row.extra["mask"] { result.mask = mask }
      result.parameters = row.parameters
      var scores = MetricValues()
      for (name, aggregate) in row.metrics { scores[name] = aggregate.values.first ?? nil }
      var answers = AnswerSummary.all(row)[Int(seed)]
      answers?.classes = ClassReport(row)
      result.add(seed: seed, scores, answers: answers)
      return result
    }
  }

  /// The file that is written last, beside a file of scores.
  static func mark(of file: String) -> String {
    let (folder, _, list) = places(file)
    return "\(folder)/\(list)"
  }

  /// The folder and the name of a file of scores, and the name of its list of hashes.
  private static func places(_ file: String) -> (folder: String, name: String, list: String) {
    let name = (file as NSString).lastPathComponent
    return (file.parentFolder, name, "\((name as NSString).deletingPathExtension).sha256")
  }
}
