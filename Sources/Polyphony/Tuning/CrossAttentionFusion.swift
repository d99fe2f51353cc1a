import Torch

/// Fusion by cross-attention in a bottleneck, a form of Wander with attention in place of products, and the head.
///
/// z_m = GELU(h_m W_m + b_m) `[B, L_m, r]`. Each step of a modality reads the steps of all other modalities,
/// c_m = softmax(z_m Q (z_o K)ᵀ/√r) z_o V with z_o the other sequences one after another. F = W↑ Σ_m ū_m + b↑
/// `[B, 1, d]`, where ū_m `[B, r]` is the mean of GELU(P [z_m ‖ c_m] + p) over the real steps, and zero for an absent
/// modality. W↑ and b↑ start at zero if F must, otherwise at PyTorch's default. The placement is that of Wander
/// (``FusionTuning``).
///
/// Settings: `bottleneck` (r, 16), `placement` (`last`), `readout` (`mean`, with a single step), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "bottleneck: 8", file: "recipe")
/// let (attention, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
///   try CrossAttentionFusion.make(reader)
/// }
/// let installation = try Installation(attention, on: model)
/// ```
public enum CrossAttentionFusion {
  /// Makes the method from its settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public static func make(_ settings: SettingsReader) throws(Fault) -> FusionTuning {
    let bottleneck = try settings.int("bottleneck", default: 16, in: 1...65536)
    return try FusionTuning(settings) { lengths, width, startsAtZero in
      CrossAttention(modalities: lengths.count, bottleneck: bottleneck, width: width, startsAtZero: startsAtZero)
    }
  }
}

/// F = W↑ Σ_m ū_m + b↑.
final class CrossAttention: Module, SequenceFusion {
  @Child("down") var down: [Linear]
  @Child("query") var query: Linear
  @Child("key") var key: Linear
  @Child("value") var value: Linear
  /// P and p.
  @Child("pair") var pair: Linear
  @Child("up") var up: Linear

  var steps: Int { 1 }

  init(modalities: Int, bottleneck: Int, width: Int, startsAtZero: Bool) {
    super.init()
    down = (0..<modalities).map { _ in Linear(width, bottleneck) }
    query = Linear(bottleneck, bottleneck, bias: false)
    key = Linear(bottleneck, bottleneck, bias: false)
    value = Linear(bottleneck, bottleneck, bias: false)
    pair = Linear(2 * bottleneck, bottleneck)
    up = Linear(bottleneck, width)
    if startsAtZero {
      up.weight = .zeros([width, bottleneck])
      up.bias = .zeros([width])
    }
  }

  func fuse(_ tokens: [Tokens], present: [Tensor?], limit: Int?) -> Tensor {
    let bottlenecks = zip(tokens, down).map { Tokens($1($0.values).gelu(), mask: $0.mask) }
    let sum = bottlenecks.indices.map { index -> Tensor in
      let mean = Tokens(paired(index, bottlenecks, present), mask: bottlenecks[index].mask).pooled
      guard let present = present[index] else { return mean }
      return mean.filled(0, where: (.!present).unsqueezed(1))
    }
    return up(sum.dropFirst().reduce(sum[0], +)).unsqueezed(1)
  }

  /// GELU(P [z_m ‖ c_m] + p), `[B, L_m, r]`.
  private func paired(_ index: Int, _ bottlenecks: [Tokens], _ present: [Tensor?]) -> Tensor {
    let own = bottlenecks[index].values
    let others = bottlenecks.indices.filter { $0 != index }.map { bottlenecks[$0].absent(where: present[$0]) }
    // One modality alone reads nothing.
    guard !others.isEmpty else { return pair(.concatenated([own, own.zerosLike()], 2)).gelu() }
    let joined = Tokens.joined(others)
    let read = NarrowAttention.read(
      query(own), keys: key(joined.values), values: value(joined.values), mask: joined.mask)
    return pair(.concatenated([own, read], 2)).gelu()
  }
}
