import Foundation
import Polyphony

/// The words of `polyphony start` about a data set.
struct StartSummary {
  let description: DatasetDescription
  let inspection: DatasetInspection

  /// The tables of modalities, splits and classes.
  var tables: [TextTable] { [modalities, targets].compactMap(\.self) }

  /// The task and the target in one line.
  var heading: String {
    let task = description.task
    let classes = task.kind == .regression ? "" : task.classes.map { ", \($0) classes" } ?? ""
    return "\(description.name): \(task.kind.rawValue)\(task.column.map { " of \($0)" } ?? "")\(classes)"
  }

  private var modalities: TextTable {
    let hasColumns = description.modalities.contains { $0.columns != nil }
    var table = TextTable(
      [.init("modality"), .init("form")] + (hasColumns ? [.init("columns")] : [])
        + [.init("missing", .right), .init("missing cells", .right)])
    for modality in description.modalities {
      let rows = inspection.modalities.filter { $0.modality == modality.name }
      let columns = hasColumns ? [Self.columns(modality)] : []
      table.append(
        [modality.name, rows.first?.form ?? ""] + columns
          + [Self.percent(missing(rows)), "\(rows.reduce(0) { $0 + $1.missingCells })"])
    }
    return table
  }

  /// The columns of a modality, and the reason why they belong together.
  private static func columns(_ modality: Modality) -> String {
    let columns = modality.columns ?? []
    let isPrefix = columns.allSatisfy { $0.hasPrefix("\(modality.name)_") || $0.hasPrefix("\(modality.name).") }
    let names = columns.prefix(4).joined(separator: ", ") + (columns.count > 4 ? ", … (\(columns.count))" : "")
    return isPrefix ? "\(names): prefix \(modality.name)" : names
  }

  /// The samples of each split, and how many of each class they have.
  private var targets: TextTable? {
    let splits = inspection.labels.map(\.split)
    let sizes = splits.map { split in inspection.modalities.first { $0.split == split }?.samples ?? 0 }
    guard description.task.kind == .classification else {
      var table = TextTable([.init("")] + splits.map { .init($0, .right) })
      table.append(["samples"] + sizes.map(String.init))
      return table
    }
    var table = TextTable([.init("class")] + splits.map { .init($0, .right) } + [.init("share", .right)])
    let total = sizes.reduce(0, +)
    for label in labels {
      let counts = counts(label)
      table.append(
        [label] + counts.map(String.init) + [Self.percent(Double(counts.reduce(0, +)) / Double(max(1, total)))])
    }
    table.append(["all"] + sizes.map(String.init) + [""])
    return table
  }

  private var labels: [String] {
    description.task.labels ?? (0..<(description.task.classes ?? 0)).map(String.init)
  }

  private func counts(_ label: String) -> [Int] {
    inspection.labels.map { row in row.counts?.first { $0.label == label }?.count ?? 0 }
  }

  /// The share of all samples without a modality.
  private func missing(_ rows: [DatasetInspection.ModalityRow]) -> Double {
    let samples = rows.reduce(0) { $0 + $1.samples }
    return rows.reduce(0) { $0 + $1.missing * Double($1.samples) } / Double(max(1, samples))
  }

  private static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

  /// The summary as members of a JSON object.
  var json: [OrderedJSON.Member] {
    let task = description.task
    let modalities = description.modalities.map { modality -> OrderedJSON in
      let rows = inspection.modalities.filter { $0.modality == modality.name }
      var members: [OrderedJSON.Member] = [
        .init("name", .string(modality.name)), .init("kind", .string(modality.kind.rawValue)),
        .init("shape", .array(modality.sampleShape.map { .integer($0) })),
        .init("missing", .number(missing(rows))),
        .init("missing_cells", .integer(rows.reduce(0) { $0 + $1.missingCells })),
      ]
      if let columns = modality.columns { members.append(.init("columns", .array(columns.map { .string($0) }))) }
      return .object(members)
    }
    let splits = inspection.labels.enumerated().map { index, row -> OrderedJSON.Member in
      let samples = inspection.modalities.first { $0.split == row.split }?.samples ?? 0
      var members: [OrderedJSON.Member] = [.init("samples", .integer(samples))]
      if task.kind == .classification {
        members.append(.init("classes", .object(labels.map { .init($0, .integer(counts($0)[index])) })))
      }
      return .init(row.split, .object(members))
    }
    return [
      .init("name", .string(description.name)), .init("task", .string(task.kind.rawValue)),
      .init("target", task.column.map { .string($0) } ?? .null),
      .init("modalities", .array(modalities)), .init("splits", .object(splits)),
    ]
  }
}
