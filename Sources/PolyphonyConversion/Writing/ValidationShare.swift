import Polyphony

/// The validation samples that a file without a validation split gets from its training split.
struct ValidationShare {
  /// The share of the training samples.
  static let share = 0.15
  /// The minimum number of training samples to take validation from.
  static let fewestSamples = 8

  /// The places of the validation samples in the training split, in ascending order.
  let places: [Int]
  /// How they were chosen, in words.
  let manner: String

  /// Chooses whole groups where there are groups, else the same share of every class, else any samples.
  /// - Parameters:
  ///   - count: the number of training samples.
  ///   - groups: the group of each sample.
  ///   - classes: the class of each sample.
  init?(count: Int, groups: [String]?, classes: [Double]?, seed: UInt64) {
    guard count >= Self.fewestSamples else { return nil }
    if let groups {
      let partition = GroupPartition(groups, shares: [1 - Self.share, Self.share], seed: seed)
      guard partition.groupCounts.allSatisfy({ $0 > 0 }) else { return nil }
      (places, manner) = (partition.rows[1], "in whole groups")
      return
    }
    var generator = SplitMix64(state: seed)
    var order = Array(0..<count)
    order.shuffle(using: &generator)
    guard let classes else {
      places = order.prefix(max(1, Int((Double(count) * Self.share).rounded()))).sorted()
      manner = "at random"
      return
    }
    // The remainder goes from class to class, so that the total comes near the share although classes are small.
    var chosen: [Int] = []
    var owed = 0.0
    for (_, members) in Dictionary(grouping: order, by: { classes[$0] }).sorted(by: { $0.key < $1.key }) {
      owed += Double(members.count) * Self.share
      let taken = min(max(0, Int(owed.rounded())), members.count - 1)
      chosen += members.prefix(taken)
      owed -= Double(taken)
    }
    guard !chosen.isEmpty else { return nil }
    (places, manner) = (chosen.sorted(), "the same share of every class")
  }
}
