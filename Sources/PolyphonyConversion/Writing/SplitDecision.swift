import Polyphony

/// The splits of a data set: those of ``SampleSets``, with validation taken from training where the file has none.
struct SplitDecision {
  let table: SourceTable
  let options: ConversionOptions
  let recognized: RecognizedFile?

  /// Makes the splits.
  /// - Throws: the faults of splits, groups and targets.
  func make() throws(Fault) -> SampleSets.Outcome {
    var outcome = try SampleSets(table: table, options: options).make()
    let names = outcome.sets.map(\.name)
    guard options.ratios == nil, let place = names.firstIndex(of: "train"), !names.contains("valid") else {
      return outcome
    }
    let train = outcome.sets[place]
    let target = try TargetColumn(table: table, options: options, sets: outcome.sets, recognized: recognized).make()
    let groups = try options.groupBy.flatMap { (key) throws(Fault) in
      try Grouping.values(key, train.part, count: train.count, file: table.file)
    }
    let share = ValidationShare(
      count: train.rows.count, groups: groups.map(train.choose),
      classes: target.task.kind == .classification ? target.targets[place] : nil, seed: options.seed)
    guard let share else {
      outcome.notes.append("there is no validation split, and training has too few samples to take one from")
      return outcome
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
    return outcome
  }
}
