import Foundation
import OrderedCollections
import Polyphony
import PolyphonyReports
import Torch

/// Prints rows of results as a table for readers or as one JSON document for programs.
struct ResultsOutput {
  let command: String
  let asJSON: Bool

  func print(_ results: [RunResult]) throws(Fault) {
    if asJSON {
      try StandardOutput.print(document(results).text(), terminator: "")
    } else {
      try StandardOutput.print(table(results).forTerminal())
      if let table = PerModality.table(results) { try StandardOutput.print(table.forTerminal()) }
      // The matrices of many runs would bury their table. The report has them all.
      if command == "evaluate", results.count == 1, results[0].seeds.count == 1, let classes = results[0].classes {
        try Self.print(classes)
      }
      for outputs in results.compactMap(\.outputs) { try StandardOutput.print(outputs.table.forTerminal()) }
    }
  }

  /// Prints the confusion matrix and the figures by class.
  private static func print(_ classes: ClassReport) throws(Fault) {
    try StandardOutput.print(classes.matrix.forTerminal())
    try StandardOutput.print(classes.table.forTerminal())
    if let remark = classes.remark { try StandardOutput.print("\(remark)\n") }
  }

  /// Prints the results of contrasts with their notes.
  static func print(_ contrasts: ContrastTable) throws(Fault) {
    try StandardOutput.print(contrasts.text.forTerminal())
    for note in contrasts.notes { try StandardOutput.print(note) }
    try StandardOutput.print()
  }

  /// Writes `environment.json` with everything that the numbers depend on, and then `results.json`. So a killed process
  /// leaves no results of an unknown command.
  func write(_ results: [RunResult], to folder: String, data: [String], device: Device) throws(Fault) {
    try RunEnvironment(data: data, device: device).write(to: folder)
    try AtomicFile.write(document(results).text(), to: "\(folder)/results.json")
  }

  /// Writes `environment.json`, and `results.json` with the rows of other methods that it has already.
  func write(_ results: [RunResult], beside earlier: EarlierResults) throws(Fault) {
    var document = document(results)
    let (rows, kept) = earlier.merged(document.results)
    document.results = rows
    try earlier.environment.write(to: earlier.folder)
    try AtomicFile.write(document.text(), to: "\(earlier.folder)/results.json")
    if !kept.isEmpty { Terminal.note("\(earlier.folder)/results.json also keeps \(kept.joined(separator: ", "))") }
  }

  /// Makes the results document for the results.
  func document(_ results: [RunResult]) -> ResultsDocument {
    ResultsDocument(
      command: command, version: Polyphony.version, results: results.map { ResultsDocument.Row($0) })
  }

  /// Makes a table with a row per result and a column per metric.
  func table(_ results: [RunResult]) -> TextTable {
    let aggregates = results.map(\.aggregates)
    let all = OrderedSet(aggregates.flatMap { Array($0.keys) }).filter { PerModalityMetrics.place(of: $0) == nil }
    // As many columns as fit a terminal. The metrics of the modalities together are optional and come last.
    let summary = PerModalityMetrics.summary
    let metrics = all.filter { !summary.contains($0) }.prefix(6) + all.filter(summary.contains)
    let conditions = Array(OrderedSet(results.flatMap { Array($0.conditions.keys) }))
    let splits = Set(results.map(\.split)).count > 1
    let isTuning = results.contains { $0.parameters.map { $0.trainable < $0.total } ?? false }
    let hasAdded = results.contains { $0.parameters?.added != nil }
    let costs = isTuning ? ["trained"] + (hasAdded ? ["added"] : []) + ["share", "step", "latency"] : []
    var table = TextTable(
      ([""] + conditions + (splits ? ["split"] : [])).map { .init($0) } + (metrics + costs).map { .init($0, .right) })
    for (result, scores) in zip(results, aggregates) {
      table.append(
        [result.name] + conditions.map { result.conditions[$0] ?? "" } + (splits ? [result.split] : [])
          + metrics.map { scores[$0]?.formatted() ?? "" } + (isTuning ? trained(result, hasAdded) : []))
    }
    return table
  }

  /// Describes the trained parameters, those beside the head if asked for, the share of all, the time of a step, and
  /// the added time of a prediction.
  private func trained(_ result: RunResult, _ hasAdded: Bool) -> [String] {
    let added = hasAdded ? [result.parameters?.added.map(String.init) ?? ""] : []
    guard let count = result.parameters else { return ["", "", "", ""] + added }
    let milliseconds = { (seconds: Double?, sign: String) in
      seconds.map { String(format: "\(sign).2f ms", $0 * 1000) } ?? ""
    }
    return [
      "\(count.trainable)"
    ] + added + [
      String(format: "%.1f %%", 100 * Double(count.trainable) / Double(max(1, count.total))),
      milliseconds(result.cost?.secondsPerStep, "%"), milliseconds(result.cost?.addedLatency, "%+"),
    ]
  }
}
