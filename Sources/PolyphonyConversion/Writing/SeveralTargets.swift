import Polyphony

/// The targets of a regression with several, or the labels of a multi-label classification: several columns of a table,
/// or an array `[N, K]`.
struct SeveralTargets {
  let table: SourceTable
  let options: ConversionOptions
  let sets: [SampleSet]
  let choice: TargetChoice

  /// Makes the task and its targets. It is nil for one target.
  /// - Throws: `Fault` for targets that are no finite numbers, and for a task that has one target.
  func make() throws(Fault) -> TargetColumn.Outcome? {
    let width = choice.keys.count == 1 ? try self.width() : nil
    let places = choice.columns ?? Array(0..<(width ?? 1))
    let names = choice.keys.count > 1 ? choice.keys : places.map { "\(choice.keys[0])_\($0)" }
    guard names.count > 1, choice.keys.count > 1 || width != nil else { return nil }
    guard names.count <= TargetColumn.mostClasses else {
      throw Fault(
        .badData, "the target has too many columns", file: table.file, key: choice.description,
        found: "\(names.count)", expected: "at most \(TargetColumn.mostClasses)",
        remedy: "choose some, counted from 0: --target \(choice.keys[0]):0,1")
    }
    guard options.task != .classification else {
      throw Fault(
        .usage, "a class is one column, and the target has several", file: table.file, key: "--task",
        found: "classification of \(names.count) columns", expected: "regression or multilabel",
        remedy: "choose one column: --target \(choice.keys[0])\(choice.keys.count > 1 ? "" : ":0")")
    }
    var targets: [[Double]?] = []
    for set in sets { targets.append(try values(set, places, names)) }
    let isBinary = targets.allSatisfy { $0?.allSatisfy { $0 == 0 || $0 == 1 } ?? true }
    let isLabelled = options.task.map { $0 == .multilabel } ?? isBinary
    if isLabelled, !isBinary { throw notBinary(targets, names) }
    let task =
      isLabelled
      ? PredictionTask(kind: .multilabel, classes: names.count, labels: names)
      : PredictionTask(kind: .regression, targets: names)
    return TargetColumn.Outcome(task: task, targets: targets, notes: notes(names, isLabelled))
  }

  private func notes(_ names: [String], _ isLabelled: Bool) -> [String] {
    var notes: [String] = []
    if choice.keys.count == 1, choice.columns == nil {
      let key = choice.keys[0]
      notes.append(
        "\(key) has \(names.count) columns, and each is a \(isLabelled ? "label" : "target"): \(names.listed). "
          + "--target \(key):0 takes one")
    }
    if isLabelled, options.task == nil {
      notes.append(
        "columns of 0 and 1 are labels, any number of which can hold. --task regression predicts them as numbers")
    }
    return notes
  }

  /// The number of columns of an array with several, the same in all splits. It is nil for one number per sample.
  private func width() throws(Fault) -> Int? {
    var widths: [(split: String, width: Int)] = []
    for set in sets {
      guard let column = set.part[choice.keys[0]], let width = column.width, column.count == set.count else { continue }
      widths.append((set.name, width))
    }
    guard let first = widths.first, first.width > 1 else { return nil }
    if let other = widths.first(where: { $0.width != first.width }) {
      throw Fault(
        .badData, "the target has another number of columns in another split", file: table.file,
        key: "\(other.split).\(choice.keys[0])", found: "\(other.width)", expected: "\(first.width)")
    }
    if let place = choice.columns?.first(where: { $0 >= first.width }) {
      throw Self.missing(place, of: choice.keys[0], first.width, table.file)
    }
    return first.width
  }

  /// The targets of a split row by row. It is nil for a split without any of them.
  private func values(_ set: SampleSet, _ places: [Int], _ names: [String]) throws(Fault) -> [Double]? {
    guard choice.keys.contains(where: { set.part[$0] != nil }) else { return nil }
    var columns: [[Double]] = []
    for (index, name) in names.enumerated() {
      let key = choice.keys.count > 1 ? name : choice.keys[0]
      let column = set.part[key]
      let read = choice.keys.count > 1 ? try column?.numbers() : try column?.numbers(column: places[index])
      guard let numbers = read, numbers.count == set.count else {
        throw Fault(
          .badData, "a target is no column of numbers", file: table.file,
          key: set.name.isEmpty ? name : "\(set.name).\(name)", found: column?.summary ?? "no such column",
          expected: "\(set.count) numbers", remedy: "name other columns: --target A,B,C")
      }
      let chosen = set.choose(numbers)
      if let row = chosen.firstIndex(where: { !$0.isFinite }) {
        throw Fault(
          .badData, "a target is not a finite number", file: table.file, key: "\(set.name).\(name)",
          found: "\(chosen[row]) in sample \(set.rows[row])", expected: "finite numbers in every target",
          remedy: "remove the sample, or leave the target out: --target A,B,C")
      }
      columns.append(chosen)
    }
    return set.rows.indices.flatMap { row in columns.map { $0[row] } }
  }

  private func notBinary(_ targets: [[Double]?], _ names: [String]) -> Fault {
    for (set, values) in zip(sets, targets) {
      guard let values, let place = values.firstIndex(where: { $0 != 0 && $0 != 1 }) else { continue }
      return Fault(
        .badData, "a label is neither 0 nor 1", file: table.file, key: "\(set.name).\(names[place % names.count])",
        found: "\(values[place]) in sample \(set.rows[place / names.count])", expected: "0 or 1",
        remedy: "convert with --task regression, or name other columns")
    }
    return Fault(.badData, "a label is neither 0 nor 1", file: table.file)
  }

  /// The fault of a column beyond the last one.
  static func missing(_ place: Int, of key: String, _ width: Int, _ file: String) -> Fault {
    Fault(
      .usage, "the target has no such column", file: file, key: "--target", found: "\(key):\(place)",
      expected: "\(key):0 to \(key):\(width - 1)")
  }
}
