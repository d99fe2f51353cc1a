import Polyphony

/// A seeded partition of samples by their groups, so that no group falls into two splits.
struct GroupPartition {
  /// The samples of each split, in ascending order. A split of share 0 has none.
  private(set) var rows: [[Int]]
  /// The number of groups of each split.
  private(set) var groupCounts: [Int]

  /// Assigns whole groups, the largest first, each to the split that lacks the most samples of its share.
  ///
  /// With classes, what a split lacks is counted class by class. A group weighs in each class the share of the class
  /// that it holds, so the splits become as balanced as whole groups allow. Groups of equal size come in a seeded order.
  /// Every split of a share above 0 gets a group if there are enough.
  /// - Parameters:
  ///   - groups: the group of each sample.
  ///   - classes: the class of each sample. Default: one class.
  init(_ groups: [String], classes: [Double]? = nil, shares: [Double], seed: UInt64) {
    let classes = classes ?? Array(repeating: 0, count: groups.count)
    let totals = Self.counts(groups.indices, classes)
    var places: [String: Int] = [:]
    var members: [[Int]] = []
    for (row, group) in groups.enumerated() {
      if let place = places[group] {
        members[place].append(row)
      } else {
        places[group] = members.count
        members.append([row])
      }
    }
    var generator = SplitMix64(state: seed)
    members.shuffle(using: &generator)
    let order = members.indices.sorted { (-members[$0].count, $0) < (-members[$1].count, $1) }
    var assigned: [[Int]] = shares.map { _ in [] }
    // The lacking samples of each class, as a share of the class.
    var lacking = shares.map { share in totals.mapValues { _ in share } }
    for (place, group) in order.enumerated() {
      let empty = shares.indices.filter { shares[$0] > 0 && assigned[$0].isEmpty }
      // The last groups are for splits that have none yet.
      let candidates = order.count - place <= empty.count ? empty : shares.indices.filter { shares[$0] > 0 }
      let counts = Self.counts(members[group], classes)
      let needs = lacking.map { lacking in
        counts.sorted { $0.key < $1.key }.reduce(0) { $0 + (lacking[$1.key] ?? 0) * $1.value }
      }
      guard let split = candidates.max(by: { (needs[$0], -$0) < (needs[$1], -$1) }) else { continue }
      assigned[split].append(group)
      for (label, count) in counts { lacking[split][label]? -= count / (totals[label] ?? 1) }
    }
    rows = assigned.map { $0.flatMap { members[$0] }.sorted() }
    groupCounts = assigned.map(\.count)
  }

  /// The number of samples of each class among some rows.
  private static func counts(_ rows: some Sequence<Int>, _ classes: [Double]) -> [Double: Double] {
    rows.reduce(into: [:]) { $0[classes[$1], default: 0] += 1 }
  }
}
