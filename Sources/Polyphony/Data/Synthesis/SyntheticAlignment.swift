import Torch

/// A controlled regression whose target lies in what two modalities show at the same time.
///
/// Each modality m shows one number s_m[t] ~ N(0, 1) at each of L = 12 steps, in a direction w_m of its own:
///
/// x_m[t] = 2·s_m[t]·w_m + noise·ε `[L, 16]`, with |w_m| = 1.
///
/// The target is y = √(1 − share)·a + √share·p. The additive part is a = Σ_m a_m/√M with a_m = Σ_t s_m[t]/√L. The part of
/// the products is p = Σ_t s_text[t]·s_audio[t]/√L. Each of a, a_m and p has variance 1, and so has y.
///
/// No summary of a single sequence helps with p: the products need all 12 numbers of both sequences. As a tensor over
/// the steps of both sequences, p has rank L.
///
/// ```swift
/// let aligned = SyntheticAlignment(samples: 400, share: 0.9)
/// try DatasetWriter.write(aligned.description, aligned.make(), to: "aligned")
/// ```
public struct SyntheticAlignment: SyntheticMaker, Sendable {
  /// Samples over all splits: 70 % train, 15 % valid, 15 % test.
  public var samples: Int
  /// The number of modalities, two or more: text, audio, vision, then `modality4` and so on.
  public var modalities: Int
  /// The share of the products in the variance of the target, 0 to 1.
  public var share: Double
  /// The deviation of the noise in every feature.
  public var noise: Double
  /// The index of the modality that is the whole target, y = a_m. Default: the target of all modalities.
  public var alone: Int?
  /// The seed of all random numbers. Sets of one seed share the directions. They differ in samples where share or
  /// ``alone`` differ.
  public var seed: UInt64

  /// Makes a set of these numbers.
  public init(
    samples: Int = 2000, modalities: Int = 2, share: Double = 0.9, noise: Double = 0.3, alone: Int? = nil,
    seed: UInt64 = 0
  ) {
    (self.samples, self.modalities, self.share) = (samples, modalities, share)
    (self.noise, self.alone, self.seed) = (noise, alone, seed)
  }

  private static let (length, features) = (12, 16)

  /// The description, which has no splits yet.
  public var description: DatasetDescription {
    DatasetDescription(
      name: "synthetic-alignment", task: PredictionTask(kind: .regression),
      modalities: (0..<modalities).map {
        .sequence(SyntheticSplits.name(ofModality: $0), features: Self.features, length: Self.length)
      },
      source: "made by «polyphony data synthesize --aligned \(share)»: samples \(samples), modalities \(modalities), "
        + "noise \(noise), seed \(seed)")
  }

  /// Makes the three splits.
  /// - Throws: `Fault(.usage)` for numbers out of range.
  public func make() throws(Fault) -> [DatasetWriter.Split] {
    try check()
    let world = Generator(seed: DerivedSeed.of(seed, name: "directions"))
    let corpus = Generator(seed: DerivedSeed.of(seed, share.bitPattern, UInt64((alone ?? -1) + 1)))
    var (inputs, numbers): ([Tensor], [Tensor]) = ([], [])
    for _ in 0..<modalities {
      let direction = Tensor.normal([Self.features], generator: world)
      let own = Tensor.normal([samples, Self.length], generator: corpus)
      let disturbance = Tensor.normal([samples, Self.length, Self.features], generator: corpus)
      inputs.append(own.unsqueezed(2) * (direction / direction.norm()) * 2 + disturbance * noise)
      numbers.append(own)
    }
    return SyntheticSplits.cut(inputs, target: target(numbers).reshaped(samples, 1))
  }

  /// y of the numbers s_m `[N, L]`, `[N]`.
  private func target(_ numbers: [Tensor]) -> Tensor {
    func scaled(_ numbers: Tensor) -> Tensor { numbers.sum(1) / Double(Self.length).squareRoot() }
    if let alone { return scaled(numbers[alone]) }
    let additive = numbers.dropFirst().reduce(numbers[0], +) / Double(modalities).squareRoot()
    return scaled(additive * (1 - share).squareRoot() + numbers[0] * numbers[1] * share.squareRoot())
  }

  private func check() throws(Fault) {
    try SyntheticSplits.need(samples >= 20, "samples", samples, "20 or more")
    try SyntheticSplits.need((2...64).contains(modalities), "modalities", modalities, "2 to 64")
    try SyntheticSplits.need((0...1).contains(share), "aligned", share, "0 to 1")
    try SyntheticSplits.need(noise >= 0, "noise", noise, "0 or more")
    try SyntheticSplits.need(
      (0..<modalities).contains(alone ?? 0), "alone", alone ?? 0, "0 to the number of modalities, less one")
  }
}
