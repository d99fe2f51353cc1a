import Polyphony

/// A seeded partition of samples in which every split has nearly the same share of every class.
struct StratifiedPartition {
  /// The samples of each split, in ascending order.
  private(set) var rows: [[Int]]

  /// Assigns the samples class by class, each to the split that is the furthest behind its size.
  ///
  /// The splits get exactly their sizes. The first sample of a class goes to the first split, which is training, so that
  /// no class is in the others alone.
  /// - Parameters:
  ///   - classes: the class of each sample.
  ///   - sizes: the number of samples of each split. Their sum is the number of samples.
  init(_ classes: [Double], sizes: [Int], seed: UInt64) {
    var generator = SplitMix64(state: seed)
    var order = Array(classes.indices)
    order.shuffle(using: &generator)
    let members = Dictionary(grouping: order) { classes[$0] }.sorted { $0.key < $1.key }.map(\.value)
    var assigned: [[Int]] = sizes.map { _ in [] }
    var done = 0
    for rows in members {
      for (place, row) in rows.enumerated() {
        done += 1
        let due = sizes.map { Double($0 * done) / Double(classes.count) }
        let open = sizes.indices.filter { assigned[$0].count < sizes[$0] }
        let behind = open.max { due[$0] - Double(assigned[$0].count) < due[$1] - Double(assigned[$1].count) }
        let split = place == 0 && open.first == 0 ? 0 : behind ?? 0
        assigned[split].append(row)
      }
    }
    self.rows = assigned.map { $0.sorted() }
  }
}
