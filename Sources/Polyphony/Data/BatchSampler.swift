import Torch

/// The order in which an epoch visits its samples, a permutation that depends on seed and epoch alone.
///
/// A run that resumes needs only the number of its epoch and of the step within it.
///
/// ```swift
/// let sampler = BatchSampler(count: training.count, batchSize: 32, seed: 0)
/// for indices in sampler.epoch(3) {
///   train(training.batch(indices))
/// }
/// ```
public struct BatchSampler: Sendable {
  /// The number of samples.
  public let count: Int
  /// Samples per batch; the last batch of an epoch may be smaller.
  public let batchSize: Int
  /// The seed of the permutations; nil keeps the order of the data.
  public let seed: UInt64?

  /// Makes a sampler, which does not shuffle without a seed.
  public init(count: Int, batchSize: Int, seed: UInt64?) {
    (self.count, self.batchSize, self.seed) = (count, max(1, batchSize), seed)
  }

  /// The number of batches in an epoch.
  public var batchCount: Int { (count + batchSize - 1) / batchSize }

  /// The batches of an epoch as indices of samples.
  public func epoch(_ epoch: Int) -> [[Int]] {
    let order =
      seed.map { Generator(seed: $0 &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(epoch)).permutation(count) }
      ?? Array(0..<count)
    return stride(from: 0, to: count, by: batchSize).map { Array(order[$0..<min($0 + batchSize, count)]) }
  }
}
