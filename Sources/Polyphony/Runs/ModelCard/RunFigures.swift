import Foundation
import Torch

/// The scores that belong to one model or adapter, as a model card tells them.
package struct RunFigures {
  /// The rows of the model's method, one for each condition.
  package var rows: [ResultsDocument.Row]
  /// The seed of the model among those of the rows. Nil for a run with one seed.
  package var seed: Int?
  /// The conditions of the run. Nil if they are not known.
  package var environment: RunEnvironment?

  /// Takes rows from memory.
  package init(rows: [ResultsDocument.Row], seed: Int? = nil, environment: RunEnvironment? = nil) {
    (self.rows, self.seed, self.environment) = (rows, seed, environment)
  }

  /// Looks for the `results.json` of the run that left a model or adapter.
  ///
  /// A run leaves `OUTPUT/model`. A run over methods and seeds leaves `OUTPUT/METHOD/seed-N/model`, where either part may
  /// be absent. The results are those of OUTPUT. A row counts if it has the method's name. Returns nil for a model
  /// without results, and for results of several methods of which none is known to be the model's.
  ///
  /// - Parameters:
  ///   - product: the folder of the model or adapter.
  ///   - method: the method of an adapter. Nil for a model.
  package init?(of product: String, method: String?) {
    var folder = URL(fileURLWithPath: product).standardizedFileURL.deletingLastPathComponent()
    var (seed, name): (Int?, String?) = (nil, method)
    for _ in 0..<3 {
      if let document = Self.document(folder.path) {
        let own = document.results.filter { $0.output != nil }
        let rows = name.map { name in own.filter { $0.name == name } } ?? own
        guard Set(rows.map(\.name)).count == 1 else { return nil }
        self.init(rows: rows, seed: seed, environment: RunEnvironment(folder: folder.path))
        return
      }
      let part = folder.lastPathComponent
      if let number = RunFolder.seed(ofFolder: part) { seed = Int(number) } else { name = name ?? part }
      folder.deleteLastPathComponent()
    }
    return nil
  }

  private static func document(_ folder: String) -> ResultsDocument? {
    guard let data = FileManager.default.contents(atPath: "\(folder)/results.json") else { return nil }
    return try? ResultsDocument(parsing: String(decoding: data, as: UTF8.self))
  }

  /// The defined scores of a row: those of the model's own seed.
  func scores(of row: ResultsDocument.Row) -> [(name: String, value: Double)] {
    row.metrics.compactMap { name, aggregate in
      let index = seed.flatMap { row.seeds.firstIndex(of: $0) }
      let value = index.flatMap { aggregate.values.indices.contains($0) ? aggregate.values[$0] : nil }
      return (index == nil ? aggregate.mean : value).map { (name, $0) }
    }
  }

  /// The condition of a row in words, such as `missing sample:0.5`. Empty for the plain split.
  func condition(of row: ResultsDocument.Row) -> String {
    row.extra.compactMap { key, value in
      if case .string(let text) = value, key != "mask" { "\(key) \(text)" } else { nil }
    }.joined(separator: ", ")
  }
}
