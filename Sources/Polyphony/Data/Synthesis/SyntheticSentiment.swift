import Foundation
import Torch

/// A controlled multimodal sentiment set: regression in [−3, 3] from sequences that share a latent state.
///
/// Each sample has a latent state u ∈ R⁸ (standard normal). Its sentiment is 3·tanh((1 − ρ)(0.8·w·u + 0.4·u₀u₁) + ρ·u₂u₃),
/// w of unit length. With a `relation` text does not see u₃, audio not u₂ and the others neither, so that the share ρ lies in
/// how modalities combine. Modality m sees the latent numbers through a fixed random map A_m, in three of its real steps out
/// of ten (the rest carry noise alone), with informativeness a_m = 1 − imbalance·m/(M − 1):
///
/// x_m[t] = e_m[t] · A_m · (a_m · v_m ⊙ u + √(1 − a_m²) · n) + noise · ε, e_m[t] ∈ {0, 1},
///
/// where n is a distractor of the sample, v_m leaves a quarter of the latent numbers to the other modalities, and ε is
/// new at every step. The last `ciphered` modalities turn each speaking step's signal by a sign of its own and show that
/// sign in their first feature: their average says nothing, an encoder has to learn the product. They are slow to learn
/// where others are quick, which is what starves a modality in joint training. Asked for classes, the range is cut into
/// as many parts of equal width. Modalities differ in length and features; real lengths vary between half and all.
public struct SyntheticSentiment: Sendable {
  /// Samples over all splits: 70 % train, 15 % valid, 15 % test.
  public var samples = 2000
  /// The number of modalities: text, audio, vision, then `modality4` and so on.
  public var modalities = 3
  /// How much less each further modality knows; 0 none, 1 nothing at all in the last.
  public var imbalance = 0.5
  /// The deviation of the noise at every step.
  public var noise = 0.5
  /// How far this corpus is from that of shift 0: maps turned, offsets and gains changed by this much.
  public var shift = 0.0
  /// ρ, how much of the sentiment is a product of what text and audio know and no other modality does, 0 to 1; nil for none,
  /// with nothing kept from the others.
  public var relation: Double?
  /// Modalities, counted from the last, whose signal has to be deciphered.
  public var ciphered = 0
  /// Classes in place of numbers; nil for regression.
  public var classes: Int?
  /// What everything follows from. Corpora of one seed and several shifts or relations share maps and differ in samples.
  public var seed: UInt64 = 0

  /// The defaults.
  public init() {}

  private static let latent = 8
  private static let forms: [(name: String, features: Int, length: Int)] = [
    ("text", 32, 12), ("audio", 16, 20), ("vision", 24, 16),
  ]

  /// The description without splits.
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
        + (relation.map { "relation \($0), " } ?? "") + "seed \(seed)")
  }

  /// Makes the three splits.
  /// - Throws: `Fault(.usage)` for numbers that make no set.
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
    let bounds = [0, samples * 70 / 100, samples * 85 / 100, samples]
    return ["train", "valid", "test"].enumerated().map { part, name in
      let rows = bounds[part]..<bounds[part + 1]
      return DatasetWriter.Split(
        name, Inputs(parts.map { $0.x[rows].contiguous() }, lengths: parts.map { $0.lengths[rows].contiguous() }),
        target: target[rows].contiguous(), ids: Array(rows))
    }
  }

  private func product(_ state: Tensor, _ first: Int, _ second: Int) -> Tensor {
    state.select(1, first) * state.select(1, second)
  }

  /// The sentiment of `[N]` numbers between −1 and 1, as the task wants it.
  private func labels(_ score: Tensor) -> Tensor {
    guard let classes else { return (score * 3).reshaped(samples, 1) }
    return ((score + 1) * (Double(classes) / 2)).clamped(0, Double(classes - 1)).to(.int64)
  }

  private func observe(_ state: Tensor, _ index: Int, _ world: Generator, _ corpus: Generator) -> (Tensor, Tensor) {
    let (_, features, length) = form(index)
    let scale = 1 / Double(Self.latent).squareRoot()
    var map = Tensor.normal([Self.latent, features], generator: world) * scale
    // Drawn whatever the shift is, so that all corpora of a seed see the same world.
    let turn = Tensor.normal([Self.latent, features], generator: world) * scale
    let offset = Tensor.normal([features], generator: world)
    let gain = Tensor.normal([features], generator: world)
    map = (map + turn * shift) / (1 + shift * shift).squareRoot()
    let known = 1 - imbalance * (modalities > 1 ? Double(index) / Double(modalities - 1) : 0)
    let visible = Tensor(
      (0..<Self.latent).map { number in
        let isKept = relation != nil && index > 1 && (number == 2 || number == 3)
        return (number + index) % 4 == 3 || isKept ? Float(0) : 1
      })
    let distractor = Tensor.normal([samples, Self.latent], generator: corpus)
    let seen = (state * visible * known + distractor * (1 - known * known).squareRoot()).matmul(map)
    let events = (Tensor.uniform([samples, length, 1], generator: corpus) .< 0.3).to(.float32)
    // The first step always speaks, so that no sample is silent.
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

  private func form(_ index: Int) -> (name: String, features: Int, length: Int) {
    if index < Self.forms.count { return Self.forms[index] }
    return ("modality\(index + 1)", 12 + 4 * (index % 4), 8 + 2 * (index % 5))
  }

  private func check() throws(Fault) {
    func need(_ condition: Bool, _ key: String, _ found: Any, _ expected: String) throws(Fault) {
      if condition { return }
      throw Fault(.usage, "this makes no data set", key: "--\(key)", found: "\(found)", expected: expected)
    }
    try need(samples >= 20, "samples", samples, "20 or more")
    try need((1...64).contains(modalities), "modalities", modalities, "1 to 64")
    try need((0...1).contains(imbalance), "imbalance", imbalance, "0 to 1")
    try need((0...1).contains(relation ?? 0), "relation", relation ?? 0, "0 to 1")
    try need((0...modalities).contains(ciphered), "ciphered", ciphered, "0 to the number of modalities")
    try need((2...100).contains(classes ?? 2), "classes", classes ?? 0, "2 to 100")
    try need(noise >= 0, "noise", noise, "0 or more")
    try need((0...10).contains(shift), "shift", shift, "0 to 10")
  }
}
