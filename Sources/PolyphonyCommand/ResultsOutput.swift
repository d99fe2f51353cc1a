import Foundation
import OrderedCollections
import Polyphony
import Torch

/// Prints rows of results: one table for people, or one JSON document for machines.
struct ResultsOutput {
  let command: String
  let asJSON: Bool

  func print(_ results: [RunResult]) {
    if asJSON {
      Swift.print(document(results).text(), terminator: "")
    } else {
      Swift.print(table(results).text(Terminal.glyphs))
    }
  }

  /// The document of the file formats.
  func document(_ results: [RunResult]) -> ResultsDocument {
    ResultsDocument(
      command: command, version: Polyphony.version,
      results: results.map { result in
        ResultsDocument.Row(
          name: result.name, split: result.split, seeds: result.seeds.map { Int($0) }, metrics: result.aggregates,
          parameters: result.parameters.map { .init(total: $0.total, trainable: $0.trainable) },
          output: result.output, extra: result.conditions.mapValues { .string($0) })
      })
  }

  /// A row a result, a column a metric.
  func table(_ results: [RunResult]) -> TextTable {
    let aggregates = results.map(\.aggregates)
    let metrics = Array(OrderedSet(aggregates.flatMap { Array($0.keys) })).prefix(6)
    let conditions = Array(OrderedSet(results.flatMap { Array($0.conditions.keys) }))
    let splits = Set(results.map(\.split)).count > 1
    var table = TextTable(
      [.init("")] + conditions.map { .init($0) } + (splits ? [.init("split")] : [])
        + metrics.map { .init($0, .right) })
    for (result, scores) in zip(results, aggregates) {
      table.append(
        [result.name] + conditions.map { result.conditions[$0] ?? "" } + (splits ? [result.split] : [])
          + metrics.map { scores[$0]?.formatted() ?? "" })
    }
    return table
  }
}
