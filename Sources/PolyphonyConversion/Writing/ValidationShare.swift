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
      let partition = GroupPartition(groups, classes: classes, shares: [1 - Self.share, Self.share], seed: seed)
      guard partition.groupCounts.allSatisfy({ $0 > 0 }) else { return nil }
      (places, manner) = (partition.rows[1], "in whole groups")
      return
    }
    let held = max(1, Int((Double(count) * Self.share).rounded()))
    let partition = StratifiedPartition(
      classes ?? Array(repeating: 0, count: count), sizes: [count - held, held], seed: seed)
    (places, manner) = (partition.rows[1], classes == nil ? "at random" : "the same share of every class")
  }
}
