import Polyphony

/// The check that every split has samples of every class.
enum ClassCoverage {
  /// Returns a sentence for each split that lacks classes.
  static func notes(_ splits: [String], _ target: TargetColumn.Outcome) -> [String] {
    guard target.task.kind == .classification, let classes = target.task.classes else { return [] }
    var notes: [String] = []
    for (split, values) in zip(splits, target.targets) {
      guard let values else { continue }
      let present = Set(values)
      let absent = (0..<classes).filter { !present.contains(Double($0)) }
      guard !absent.isEmpty else { continue }
      let names = absent.prefix(12).map { target.task.labels?[$0] ?? "\($0)" }.joined(separator: ", ")
      notes.append(
        "\(split) has no sample of \(absent.count) of \(classes) classes: \(names)\(absent.count > 12 ? ", …" : "")")
    }
    return notes
  }
}
