import Torch

/// The order in which an epoch visits its samples: a permutation that follows from seed and epoch alone.
///
/// Nothing but the epoch's number and the step within it has to be saved for a run to go on where it was.
public struct BatchSampler: Sendable {
  /// The number of samples.
  public let count: Int
  /// Samples per batch; the last batch of an epoch may be smaller.
  public let batchSize: Int
  /// What the permutations follow from; nil keeps the order of the data.
  public let seed: UInt64?

  /// A sampler; without a seed it does not shuffle.
  public init(count: Int, batchSize: Int, seed: UInt64?) {
    (self.count, self.batchSize, self.seed) = (count, max(1, batchSize), seed)
  }

  /// The number of batches in an epoch.
  public var batchCount: Int { (count + batchSize - 1) / batchSize }

  /// The batches of an epoch, as indices of samples.
  public func epoch(_ epoch: Int) -> [[Int]] {
    let order =
      seed.map { Generator(seed: $0 &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(epoch)).permutation(count) }
      ?? Array(0..<count)
    return stride(from: 0, to: count, by: batchSize).map { Array(order[$0..<min($0 + batchSize, count)]) }
  }
}
