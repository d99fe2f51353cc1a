import Polyphony

extension SplitWriting {
  /// Leaves out the samples that lack every modality by their lengths and their presence, such as a clip that no reader
  /// understands. A split whose samples all do keeps them, and its writing fails.
  func withoutEmptySamples() -> (writing: SplitWriting, left: Int) {
    let kept = set.rows.indices.filter { row in lengths.contains { $0.presence?[row] ?? true } }
    guard !kept.isEmpty, kept.count < set.rows.count else { return (self, 0) }
    let width = (target?.count ?? 0) / set.rows.count
    let writing = SplitWriting(
      set: SampleSet(
        name: set.name, part: set.part, rows: kept.map { set.rows[$0] }, count: set.count, offset: set.offset),
      entries: entries,
      lengths: lengths.map { lengths in
        var lengths = lengths
        lengths.lengths = lengths.lengths.map { all in kept.map { all[$0] } }
        lengths.presence = lengths.presence.map { all in kept.map { all[$0] } }
        return lengths
      },
      target: target.map { all in kept.flatMap { all[$0 * width..<($0 + 1) * width] } }, task: task,
      ids: kept.map { ids[$0] }, source: source)
    return (writing, set.rows.count - kept.count)
  }
}
