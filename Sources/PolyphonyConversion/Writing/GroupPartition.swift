import Polyphony

/// A seeded partition of samples by their groups, so that no group falls into two splits.
struct GroupPartition {
  /// The samples of each split, in ascending order. A split of share 0 has none.
  private(set) var rows: [[Int]]
  /// The number of groups of each split.
  private(set) var groupCounts: [Int]

  /// Assigns whole groups, the largest first, each to the split that lacks the most samples of its share.
  ///
  /// Groups of equal size come in a seeded order. Every split of a share above 0 gets a group if there are enough.
  init(_ groups: [String], shares: [Double], seed: UInt64) {
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
    var lacking = shares.map { $0 * Double(groups.count) }
    for (place, group) in order.enumerated() {
      let empty = shares.indices.filter { shares[$0] > 0 && assigned[$0].isEmpty }
      // The last groups are for splits that have none yet.
      let candidates = order.count - place <= empty.count ? empty : shares.indices.filter { shares[$0] > 0 }
      guard let split = candidates.max(by: { (lacking[$0], -$0) < (lacking[$1], -$1) }) else { continue }
      assigned[split].append(group)
      lacking[split] -= Double(members[group].count)
    }
    rows = assigned.map { $0.flatMap { members[$0] }.sorted() }
    groupCounts = assigned.map(\.count)
  }
}
