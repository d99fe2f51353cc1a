import Foundation
import Polyphony

/// The choice of the prediction target, and the targets of each split.
struct TargetColumn {
  let table: SourceTable
  let options: ConversionOptions
  let sets: [SampleSet]
  /// The description of a known file, if the input is one.
  var recognized: RecognizedFile?

  /// The prediction task with its targets.
  struct Outcome {
    var task: PredictionTask
    /// The targets of each split: values (regression), classes as whole numbers, or 0 and 1 for labels. Several targets
    /// stand row by row. It is nil for a split without targets.
    var targets: [[Double]?]
    var notes: [String]
    /// The keys of the target. They are empty without a target.
    var keys: [String] = []
  }

  /// The maximum number of classes, above that of any label.
  static let mostClasses = 1000

  /// Makes the task and its targets.
  /// - Throws: `Fault` if the requested target is absent or unusable.
  func make() throws(Fault) -> Outcome {
    guard let choice = try choice() else {
      return Outcome(
        task: PredictionTask(kind: .regression), targets: sets.map { _ in nil },
        notes: [
          "no target was found (\(options.targetNames.joined(separator: ", "))): the splits have none. "
            + "--target names one"
        ])
    }
    var outcome = try make(choice)
    outcome.keys = choice.keys
    if options.target == nil, recognized == nil, !choice.keys[0].hasSuffix("_labels") {
      outcome.notes.insert("the target is \(choice.keys[0]). --target names another", at: 0)
    }
    return outcome
  }

  /// The target: the requested one, or the first usual one.
  private func choice() throws(Fault) -> TargetChoice? {
    guard let choice = options.chosenTarget else {
      return options.targetNames.first { name in sets.contains { $0.part[name] != nil } }.map { .init(key: $0) }
    }
    if let absent = choice.keys.first(where: { key in !sets.contains { $0.part[key] != nil } }) {
      let names = sets.first?.part.columns.map(\.name) ?? []
      throw Fault(
        .usage, "there is no such key", file: table.file, key: "--target", found: absent,
        expected: names.joined(separator: ", "), remedy: Suggestion.question(for: absent, among: names))
    }
    return choice
  }

  private func make(_ choice: TargetChoice) throws(Fault) -> Outcome {
    let several = SeveralTargets(table: table, options: options, sets: sets, choice: choice)
    if let outcome = try several.make() { return outcome }
    guard options.task != .multilabel else {
      throw Fault(
        .usage, "several labels need several columns", file: table.file, key: "--task", found: "one column: \(choice)",
        expected: "a column of 0 and 1 for each label", remedy: "name all columns: --target A,B,C")
    }
    return try make(choice.keys[0], column: choice.columns?.first)
  }

  private func make(_ key: String, column place: Int?) throws(Fault) -> Outcome {
    var columns: [SourceColumn?] = []
    for set in sets { columns.append(try check(set, key, place)) }
    if columns.contains(where: { if case .texts? = $0 { true } else { false } }) {
      guard options.task != .regression else {
        throw Fault(
          .badData, "the targets of a regression are no numbers", file: table.file, key: key,
          found: columns.compactMap { $0?.summary }.first, expected: "numbers",
          remedy: "convert with --task classification, or name another target")
      }
      return try texts(columns, key)
    }
    var values: [[Double]?] = []
    for (set, column) in zip(sets, columns) { values.append(try numbers(column, set, key)) }
    let isFloat = sets.map { $0.part[key] }.contains {
      if case .array(let array)? = $0 { array.type.kind == .float } else { false }
    }
    let distinct = Set(values.flatMap { $0 ?? [] })
    let decision = TargetDecision(
      key: key, isFloat: isFloat, distinct: distinct, count: values.reduce(0) { $0 + ($1?.count ?? 0) })
    var outcome =
      (options.task ?? decision.kind) == .classification
      ? try classes(values, distinct, key) : regression(values, key)
    if options.task == nil, let note = decision.note { outcome.notes.insert(note, at: 0) }
    return outcome
  }

  /// Returns the target column of a split, checked to have one entry per sample.
  private func check(_ set: SampleSet, _ key: String, _ place: Int?) throws(Fault) -> SourceColumn? {
    guard let column = set.part[key] else { return nil }
    if let place, let width = column.width, column.count == set.count {
      guard let numbers = try column.numbers(column: place) else {
        throw SeveralTargets.missing(place, of: key, width, table.file)
      }
      return .numbers(numbers)
    }
    if let place {
      throw Fault(
        .usage, "the target has one number for each sample, and no columns", file: table.file, key: "--target",
        found: "\(key):\(place)", expected: key)
    }
    let count: Int?
    switch column {
    case .array(let array): count = array.count == array.shape[0] ? array.count : nil
    default: count = column.count
    }
    guard count == set.count else {
      throw Fault(
        .badData, "there is not one target for each sample", file: table.file, key: "\(set.name).\(key)",
        found: column.summary, expected: "\(set.count) numbers or texts",
        remedy: "name another target: --target KEY")
    }
    return column
  }

  private func numbers(_ column: SourceColumn?, _ set: SampleSet, _ key: String) throws(Fault) -> [Double]? {
    guard let column else { return nil }
    let values = set.choose(try column.numbers() ?? [])
    if let row = values.firstIndex(where: { !$0.isFinite }) {
      throw Fault(
        .badData, "a target is not a finite number", file: table.file, key: "\(set.name).\(key)",
        found: "\(values[row]) in sample \(set.rows[row])", expected: "finite numbers", remedy: "remove the sample")
    }
    return values
  }

  private func regression(_ values: [[Double]?], _ key: String) -> Outcome {
    var task = PredictionTask(kind: .regression)
    let all = values.flatMap { $0 ?? [] }
    let isMMSA = ["text", "audio", "vision"].allSatisfy { name in sets.allSatisfy { $0.part[name] != nil } }
    if let recognized, key == "regression_labels" {
      (task.range, task.metrics) = (recognized.range, recognized.metrics)
      return Outcome(task: task, targets: values, notes: [])
    }
    // Only CH-SIMS has labels per modality, between −1 and 1. MOSI and MOSEI are between −3 and 3.
    let isSims = sets.allSatisfy { $0.part["regression_labels_T"] != nil }
    let bound = isSims ? 1.0 : 3.0
    if isMMSA, key == "regression_labels" || key == "labels", all.allSatisfy({ abs($0) <= bound }) {
      (task.range, task.metrics) = ([-bound, bound], isSims ? .sims : .sentiment)
    }
    return Outcome(task: task, targets: values, notes: [])
  }

  private func classes(_ values: [[Double]?], _ distinct: Set<Double>, _ key: String) throws(Fault) -> Outcome {
    guard let fraction = distinct.first(where: { $0 != $0.rounded() }) else {
      let sorted = distinct.sorted()
      try checkCount(sorted.count, key)
      if sorted == (0..<sorted.count).map(Double.init) {
        return Outcome(task: PredictionTask(kind: .classification, classes: sorted.count), targets: values, notes: [])
      }
      let labels = sorted.map { Int(exactly: $0).map(String.init) ?? "\($0)" }
      let index = Dictionary(uniqueKeysWithValues: zip(sorted, (0..<sorted.count).map(Double.init)))
      return Outcome(
        task: PredictionTask(kind: .classification, classes: sorted.count, labels: labels),
        targets: values.map { $0?.map { index[$0] ?? 0 } },
        notes: ["classes are numbered from 0: \(labels.prefix(20).joined(separator: ", "))"])
    }
    throw Fault(
      .badData, "a class is no whole number", file: table.file, key: key, found: "\(fraction)",
      expected: "whole numbers or texts", remedy: "convert with --task regression, or name another target")
  }

  private func texts(_ columns: [SourceColumn?], _ key: String) throws(Fault) -> Outcome {
    var chosen: [[String]?] = []
    for (set, column) in zip(sets, columns) {
      switch column {
      case .texts(let texts): chosen.append(set.choose(texts))
      case .none: chosen.append(nil)
      case .some(let other):
        throw Fault(
          .badData, "the targets are texts in one split and none in another", file: table.file,
          key: "\(set.name).\(key)", found: other.summary, expected: "texts")
      }
    }
    let labels = Set(chosen.flatMap { $0 ?? [] }).sorted()
    try checkCount(labels.count, key)
    let index = Dictionary(uniqueKeysWithValues: zip(labels, (0..<labels.count).map(Double.init)))
    return Outcome(
      task: PredictionTask(kind: .classification, classes: labels.count, labels: labels),
      targets: chosen.map { $0?.map { index[$0] ?? 0 } }, notes: [])
  }

  private func checkCount(_ count: Int, _ key: String) throws(Fault) {
    guard (2...Self.mostClasses).contains(count) else {
      throw Fault(
        .badData, "these are no classes", file: table.file, key: key, found: "\(count) different values",
        expected: "2 to \(Self.mostClasses)", remedy: "name another target: --target KEY")
    }
  }
}
