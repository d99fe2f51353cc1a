import Torch

/// A controlled set on which joint training starves an encoder: two classes, a strong modality and a slow one.
///
/// A sample of the class y has the sign s = 2y − 1.
///
/// * `strong` has 200 numbers, x = 1.6 s w + ε with w of unit length and ε standard normal. One linear map reads the
///   class, and 800 samples in so many numbers are soon known by heart. The best possible accuracy is 0.945.
/// * `slow` has 30 numbers, a rotation of (a, b, ε₃, …, ε₃₀) with a = r(1.2 + 0.35 n) and b = r s(1.2 + 0.35 n′). The
///   sign r is random, so the class is the sign of the product ab, and no linear map of the modality holds any of it.
///   The best possible accuracy is above 0.999.
///
/// So a modality trained alone is worth more than the strong one leaves over. Once the strong one has fitted the
/// training split, no gradient reaches the slow encoder.
///
/// ```swift
/// let starved = SyntheticStarvation(samples: 3300, seed: 1)
/// try DatasetWriter.write(starved.description, starved.make(), to: "starved")
/// ```
public struct SyntheticStarvation: SyntheticMaker, Sendable {
  /// Samples over all splits: 8 of 33 train, 5 valid, 20 test. So the default gives 800, 500 and 2000.
  public var samples: Int
  /// The seed of all random numbers.
  public var seed: UInt64

  /// Makes a set of these numbers.
  public init(samples: Int = 3300, seed: UInt64 = 0) { (self.samples, self.seed) = (samples, seed) }

  private static let strong = Modality.vector("strong", features: 200)
  private static let slow = Modality.vector("slow", features: 30)
  /// The distance of each class from the middle in the strong modality, in deviations of the noise.
  private static let distance = 1.6
  /// The mean size and the deviation of the two numbers whose product the slow modality shows.
  private static let factor = (mean: 1.2, deviation: 0.35)

  /// The description, which has no splits yet.
  public var description: DatasetDescription {
    DatasetDescription(
      name: "synthetic-starvation", task: PredictionTask(kind: .classification, classes: 2),
      modalities: [Self.strong, Self.slow],
      source: "made by «polyphony data synthesize --kind starved»: samples \(samples), seed \(seed)")
  }

  /// Makes the three splits.
  /// - Throws: `Fault(.usage)` for too few samples.
  public func make() throws(Fault) -> [DatasetWriter.Split] {
    try SyntheticSplits.need(samples >= 33, "samples", samples, "33 or more")
    let generator = Generator(seed: DerivedSeed.of(seed, name: "starved"))
    let target = (Tensor.uniform([samples], generator: generator) .< 0.5).to(.int64)
    let sign = target.to(.float32).unsqueezed(1) * 2 - 1
    let inputs = [strong(sign, generator), slow(sign, generator)]
    return SyntheticSplits.cut(inputs, target: target, shares: (8, 5, 20))
  }

  /// The strong modality of samples with these signs `[N, 1]`.
  private func strong(_ sign: Tensor, _ generator: Generator) -> Tensor {
    let features = Self.strong.features ?? 0
    let direction = Tensor.normal([features], generator: generator)
    let noise = Tensor.normal([samples, features], generator: generator)
    return noise + sign * (direction / direction.norm()) * Self.distance
  }

  /// The slow modality of samples with these signs `[N, 1]`.
  private func slow(_ sign: Tensor, _ generator: Generator) -> Tensor {
    let features = Self.slow.features ?? 0
    let size = Tensor.normal([samples, 2], generator: generator) * Self.factor.deviation + Self.factor.mean
    let common = (Tensor.uniform([samples, 1], generator: generator) .< 0.5).to(.float32) * 2 - 1
    let factors = size * common * Tensor.concatenated([sign.onesLike(), sign], 1)
    let noise = Tensor.normal([samples, features - 2], generator: generator)
    // As many random reflections as there are numbers make a random rotation.
    return (0..<features).reduce(Tensor.concatenated([factors, noise], 1)) { x, _ in
      let mirror = Tensor.normal([features, 1], generator: generator)
      return x - x.matmul(mirror).matmul(mirror.transposed(0, 1)) * 2 / mirror.squared().sum()
    }
  }
}
