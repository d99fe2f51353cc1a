import Polyphony

/// The check that every split has samples of every class or label.
enum ClassCoverage {
  /// Returns a sentence for each split that lacks classes or labels.
  static func notes(_ splits: [String], _ target: TargetColumn.Outcome) -> [String] {
    let isLabelled = target.task.kind == .multilabel
    guard isLabelled || target.task.kind == .classification, let classes = target.task.classes else { return [] }
    var notes: [String] = []
    for (split, values) in zip(splits, target.targets) {
      guard let values else { continue }
      let present =
        isLabelled
        ? Set(values.indices.filter { values[$0] != 0 }.map { $0 % classes }) : Set(values.map { Int($0) })
      let absent = (0..<classes).filter { !present.contains($0) }
      guard !absent.isEmpty else { continue }
      let names = absent.prefix(12).map { target.task.labels?[$0] ?? "\($0)" }.joined(separator: ", ")
      notes.append(
        "\(split) has no sample of \(absent.count) of \(classes) \(isLabelled ? "labels" : "classes"): \(names)\(absent.count > 12 ? ", …" : "")"
      )
    }
    return notes
  }
}
