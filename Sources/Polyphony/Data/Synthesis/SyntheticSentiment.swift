import Foundation
import Torch

/// A controlled multimodal sentiment set: regression in [−3, 3] from sequences that share a latent state.
///
/// Each sample has a latent state u ∈ R⁸ (standard normal). Its sentiment is 3·tanh((1 − ρ)(0.8·w·u + 0.4·u₀u₁) +
/// ρ·u₂u₃) with w of unit length. With a `relation`, text lacks u₃, audio lacks u₂ and the other modalities lack both.
/// So the share ρ of the sentiment depends on the combination of modalities.
///
/// Modality m contains the latent numbers after a fixed random map A_m, in three of ten real steps; the rest is noise.
/// Its informativeness is a_m = 1 − imbalance·m/(M − 1):
///
/// x_m[t] = e_m[t] · A_m · (a_m · v_m ⊙ u + √(1 − a_m²) · n) + noise · ε, e_m[t] ∈ {0, 1}.
///
/// Here n is a distractor of the sample, v_m leaves a quarter of the latent numbers to the other modalities, and ε is
/// new at every step.
///
/// The last `ciphered` modalities multiply the signal of each informative step by a random sign and show that sign in
/// their first feature. Their average carries no information, so an encoder has to learn the product. It learns slowly
/// while others learn quickly, which starves a modality in joint training.
///
/// With `classes`, the range is cut into as many parts of equal width. Modalities differ in length and features. Real
/// lengths vary between half and all of the steps.
///
/// ```swift
/// var corpus = SyntheticSentiment()
/// corpus.samples = 400
/// corpus.imbalance = 0.8
/// try DatasetWriter.write(corpus.description, corpus.make(), to: "sentiment")
/// ```
public struct SyntheticSentiment: SyntheticMaker, Sendable {
  /// Samples over all splits: 70 % train, 15 % valid, 15 % test.
  public var samples = 2000
  /// The number of modalities: text, audio, vision, then `modality4` and so on.
  public var modalities = 3
  /// The loss of information from modality to modality: 0 for none, 1 for no information in the last one.
  public var imbalance = 0.5
  /// The deviation of the noise at every step.
  public var noise = 0.5
  /// The distance of this corpus from that of shift 0. It scales the change of maps, offsets and gains.
  public var shift = 0.0
  /// ρ, 0 to 1: the share of the sentiment that is a product of one number of text and one of audio. With nil there is
  /// no such share, and the other modalities keep both numbers.
  public var relation: Double?
  /// The redundancy of the modalities, 0 to 1: each latent number belongs to one modality, and a further one sees it with
  /// about this share. At 0 no modality can make up another, at 1 all know the same. With nil each modality sees three
  /// quarters of all numbers.
  public var redundancy: Double?
  /// The number of ciphered modalities, counted from the last.
  public var ciphered = 0
  /// The number of classes; nil for regression.
  public var classes: Int?
  /// The seed of all random numbers. Corpora of one seed and several shifts or relations share maps and differ in
  /// samples.
  public var seed: UInt64 = 0

  /// Makes the set of the default numbers.
  public init() {}

  private static let latent = 8
  /// Features and lengths of the first modalities.
  private static let forms = [(features: 32, length: 12), (features: 16, length: 20), (features: 24, length: 16)]

  /// The description, which has no splits yet.
  public var description: DatasetDescription {
    DatasetDescription(
      name: "synthetic-sentiment",
      task: classes.map { PredictionTask(kind: .classification, classes: $0) }
        ?? PredictionTask(kind: .regression, range: [-3, 3], metrics: .sentiment),
      modalities: (0..<modalities).map { index in
        let form = form(index)
        return .sequence(form.name, features: form.features, length: form.length)
      },
      source: "made by «polyphony data synthesize --kind sentiment»: samples \(samples), modalities \(modalities), "
        + (classes.map { "classes \($0), " } ?? "")
        + (ciphered > 0 ? "ciphered \(ciphered), " : "")
        + "imbalance \(imbalance), noise \(noise), shift \(shift), "
        + (relation.map { "relation \($0), " } ?? "") + (redundancy.map { "redundancy \($0), " } ?? "") + "seed \(seed)"
    )
  }

  /// Makes the three splits.
  /// - Throws: `Fault(.usage)` for numbers out of range.
  public func make() throws(Fault) -> [DatasetWriter.Split] {
    try check()
    let world = Generator(seed: seed &* 2_654_435_761 &+ 1)
    let share = relation ?? 0
    let kind = Int64(shift * 1000) + Int64(share * 1000) * 1_000_003
    let corpus = Generator(seed: (seed &+ 1) &* 40_503 &+ UInt64(bitPattern: kind))
    let weights = Tensor.normal([Self.latent], generator: world)
    let state = Tensor.normal([samples, Self.latent], generator: corpus)
    let score = state.matmul(weights / weights.norm()) * 0.8 + product(state, 0, 1) * 0.4
    let target = labels((score * (1 - share) + product(state, 2, 3) * share).tanh())
    var parts: [(x: Tensor, lengths: Tensor)] = []
    for index in 0..<modalities { parts.append(observe(state, index, world, corpus)) }
    return SyntheticSplits.cut(parts.map(\.x), lengths: parts.map(\.lengths), target: target)
  }

  private func product(_ state: Tensor, _ first: Int, _ second: Int) -> Tensor {
    state.select(1, first) * state.select(1, second)
  }

  /// The targets of scores `[N]` between −1 and 1, in the form of the task.
  private func labels(_ score: Tensor) -> Tensor {
    guard let classes else { return (score * 3).reshaped(samples, 1) }
    return ((score + 1) * (Double(classes) / 2)).clamped(0, Double(classes - 1)).to(.int64)
  }

  private func observe(_ state: Tensor, _ index: Int, _ world: Generator, _ corpus: Generator) -> (Tensor, Tensor) {
    let (_, features, length) = form(index)
    let scale = 1 / Double(Self.latent).squareRoot()
    var map = Tensor.normal([Self.latent, features], generator: world) * scale
    // The draw does not depend on the shift, so all corpora of a seed share these numbers.
    let turn = Tensor.normal([Self.latent, features], generator: world) * scale
    let offset = Tensor.normal([features], generator: world)
    let gain = Tensor.normal([features], generator: world)
    map = (map + turn * shift) / (1 + shift * shift).squareRoot()
    let known = 1 - imbalance * (modalities > 1 ? Double(index) / Double(modalities - 1) : 0)
    let visible = Tensor(
      (0..<Self.latent).map { number in
        let isKept = relation != nil && index > 1 && (number == 2 || number == 3)
        return !sees(number, index) || isKept ? Float(0) : 1
      })
    let distractor = Tensor.normal([samples, Self.latent], generator: corpus)
    let seen = (state * visible * known + distractor * (1 - known * known).squareRoot()).matmul(map)
    let events = (Tensor.uniform([samples, length, 1], generator: corpus) .< 0.3).to(.float32)
    // The first step always carries a signal, so every sample has one.
    let speaking = Tensor.concatenated([.ones([samples, 1, 1]), events.slice(1, 1)], 1)
    var signal = speaking * seen.unsqueezed(1)
    if index >= modalities - ciphered {
      let sign = (Tensor.uniform([samples, length, 1], generator: corpus) .< 0.5).to(.float32) * 2 - 1
      signal = .concatenated([sign * speaking, (signal * sign).slice(2, 1)], 2)
    }
    var x = signal + Tensor.normal([samples, length, features], generator: corpus) * noise
    x = x * (gain * (0.3 * shift)).exp() + offset * (0.5 * shift)
    let lengths =
      (Tensor.uniform([samples], generator: corpus) * Double(length - length / 2 + 1)).to(.int64)
      + Tensor(Double(length / 2), dtype: .int64)
    let real = (Tensor.range(length).unsqueezed(0) .< lengths.unsqueezed(1)).to(.float32)
    return (x * real.unsqueezed(2), lengths.clamped(1, Double(length)))
  }

  /// True if a modality contains a latent number.
  private func sees(_ number: Int, _ modality: Int) -> Bool {
    guard let redundancy else { return (number + modality) % 4 != 3 }
    let places = Double(Self.latent)
    return number % modalities == modality
      || (Double((5 * number + 3 * modality) % Self.latent) + 0.5) / places < redundancy
  }

  private func form(_ index: Int) -> (name: String, features: Int, length: Int) {
    let name = SyntheticSplits.name(ofModality: index)
    guard index < Self.forms.count else { return (name, 12 + 4 * (index % 4), 8 + 2 * (index % 5)) }
    return (name, Self.forms[index].features, Self.forms[index].length)
  }

  private func check() throws(Fault) {
    try SyntheticSplits.need(samples >= 20, "samples", samples, "20 or more")
    try SyntheticSplits.need((1...64).contains(modalities), "modalities", modalities, "1 to 64")
    try SyntheticSplits.need((0...1).contains(imbalance), "imbalance", imbalance, "0 to 1")
    try SyntheticSplits.need((0...1).contains(relation ?? 0), "relation", relation ?? 0, "0 to 1")
    try SyntheticSplits.need((0...1).contains(redundancy ?? 0), "redundancy", redundancy ?? 0, "0 to 1")
    try SyntheticSplits.need((0...modalities).contains(ciphered), "ciphered", ciphered, "0 to the number of modalities")
    try SyntheticSplits.need((2...100).contains(classes ?? 2), "classes", classes ?? 0, "2 to 100")
    try SyntheticSplits.need(noise >= 0, "noise", noise, "0 or more")
    try SyntheticSplits.need((0...10).contains(shift), "shift", shift, "0 to 10")
  }
}
