import Polyphony

/// The splits of a data set: those of ``SampleSets``, with validation taken from training where the file has none.
struct SplitDecision {
  let table: SourceTable
  let options: ConversionOptions
  let recognized: RecognizedFile?

  /// The splits, the task with the targets of each split, and sentences about how the splits were made.
  struct Outcome {
    var sets: [SampleSet]
    var target: TargetColumn.Outcome
    var notes: [String]
  }

  /// Makes the splits. The targets are read before, because random splits have the same share of every class.
  /// - Throws: the faults of splits, groups and targets.
  func make() throws(Fault) -> Outcome {
    let splitting = SampleSets(table: table, options: options)
    let wholes = try splitting.wholes()
    var target = try TargetColumn(table: table, options: options, sets: wholes, recognized: recognized).make()
    let classes = target.task.kind == .classification ? target.targets : wholes.map { _ in nil }
    var outcome = try splitting.make(classes: classes.first ?? nil)
    if options.ratios == nil { try takeValidation(&outcome, classes, of: wholes) }
    let targets = target.targets
    let width = target.task.outputNames?.count ?? 1
    target.targets = outcome.sets.map { set in
      wholes.firstIndex { $0.part.name == set.part.name }.flatMap { place in
        targets[place].map { set.choose($0, width: width) }
      }
    }
    target.notes += ClassCoverage.notes(outcome.sets.map(\.name), target)
    return Outcome(sets: outcome.sets, target: target, notes: outcome.notes)
  }

  /// Takes a validation split from training where there is none.
  private func takeValidation(
    _ outcome: inout SampleSets.Outcome, _ classes: [[Double]?], of wholes: [SampleSet]
  ) throws(Fault) {
    let names = outcome.sets.map(\.name)
    guard let place = names.firstIndex(of: "train"), !names.contains("valid") else { return }
    let train = outcome.sets[place]
    let groups = try options.groupBy.flatMap { (key) throws(Fault) in
      try Grouping.values(key, train.part, count: train.count, file: table.file)
    }
    let whole = wholes.firstIndex { $0.part.name == train.part.name }
    let share = ValidationShare(
      count: train.rows.count, groups: groups.map(train.choose),
      classes: whole.flatMap { classes[$0] }.map(train.choose), seed: options.seed)
    guard let share else {
      outcome.notes.append("there is no validation split, and training has too few samples to take one from")
      return
    }
    let held = Set(share.places)
    func set(_ name: String, _ isHeld: Bool) -> SampleSet {
      let rows = train.rows.indices.filter { held.contains($0) == isHeld }.map { train.rows[$0] }
      return SampleSet(name: name, part: train.part, rows: rows, count: train.count, offset: train.offset)
    }
    outcome.sets.replaceSubrange(place...place, with: [set("train", false), set("valid", true)])
    outcome.notes.append(
      "the file has no validation split: \(share.places.count) of \(train.rows.count) training samples became it, "
        + "\(share.manner), with seed \(options.seed)")
    if groups == nil {
      for grouping in try table.groupings + Grouping.search(train.part) { outcome.notes.append(grouping.warning) }
    }
  }
}
