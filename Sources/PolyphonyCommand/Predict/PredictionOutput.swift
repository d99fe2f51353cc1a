import Foundation
import Polyphony
import Torch

/// The file that `polyphony predict` writes, in the form that its ending names.
struct PredictionOutput {
  /// The endings, in the order of messages.
  private static let endings = PredictionTable.Format.allCases.map { ".\($0.rawValue)" } + [".safetensors"]

  /// The file's path.
  let path: String
  /// The form of a table. It is nil for a safetensors file.
  let table: PredictionTable.Format?

  /// Chooses the form. A path without ending is a safetensors file.
  /// - Throws: `Fault(.usage)` for an unknown ending, `Fault(.cannotWrite)` for a place that takes no file.
  init(_ path: String) throws(Fault) {
    let ending = (path as NSString).pathExtension.lowercased()
    table = PredictionTable.Format(rawValue: ending)
    guard table != nil || ["", "safetensors"].contains(ending) else {
      throw Fault(
        .usage, "the ending of the output names no known form", key: "--output", found: ".\(ending)",
        expected: Self.endings.joined(separator: ", "),
        remedy: Suggestion.question(for: ".\(ending)", among: Self.endings))
    }
    try AtomicFile.check(path)
    self.path = path
  }

  /// Writes the predictions, as a table if there is one.
  /// - Throws: `Fault(.cannotWrite)`.
  func write(_ predictions: Predictions, of samples: UnlabelledSplit, rows: PredictionTable?) throws(Fault) {
    if let table, let rows { return try rows.write(to: path, as: table) }
    var items: [SafetensorsWriter.Item] = samples.ids.map { [.init("id", Tensor($0))] } ?? []
    items.append(.init("prediction", predictions.prediction))
    items.append(.init("representation", predictions.representation))
    try SafetensorsWriter.write(to: path, items)
  }
}
