import Torch

/// Fusion by concatenation, a form of Wander without products, and the head.
///
/// F = [z̄_1 ‖ … ‖ z̄_M] W↑ + b↑ `[B, 1, d]`, where z̄_m `[B, r]` is the mean of GELU(h_m W_m + b_m) over the real
/// steps, and zero for an absent modality. W↑ `[d, M·r]` and b↑ start at zero if F must, otherwise at PyTorch's
/// default. The placement is that of Wander (``FusionTuning``).
///
/// Settings: `bottleneck` (r, 16), `placement` (`last`), `readout` (`mean`, with a single step), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "bottleneck: 8", file: "recipe")
/// let (concat, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try ConcatenationFusion.make(reader) }
/// let installation = try Installation(concat, on: model)
/// ```
public enum ConcatenationFusion {
  /// Makes the method from its settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public static func make(_ settings: SettingsReader) throws(Fault) -> FusionTuning {
    let bottleneck = try settings.int("bottleneck", default: 16, in: 1...65536)
    return try FusionTuning(settings) { lengths, width, startsAtZero in
      MeanConcatenation(
        modalities: lengths.count, bottleneck: bottleneck, width: width, startsAtZero: startsAtZero)
    }
  }
}

/// F = [z̄_1 ‖ … ‖ z̄_M] W↑ + b↑.
final class MeanConcatenation: Module, SequenceFusion {
  @Child("down") var down: [Linear]
  @Child("up") var up: Linear

  var steps: Int { 1 }

  init(modalities: Int, bottleneck: Int, width: Int, startsAtZero: Bool) {
    super.init()
    down = (0..<modalities).map { _ in Linear(width, bottleneck) }
    up = Linear(modalities * bottleneck, width)
    if startsAtZero {
      up.weight = .zeros([width, modalities * bottleneck])
      up.bias = .zeros([width])
    }
  }

  func fuse(_ tokens: [Tokens], present: [Tensor?], limit: Int?) -> Tensor {
    let means = tokens.indices.map { index -> Tensor in
      let mean = Tokens(down[index](tokens[index].values).gelu(), mask: tokens[index].mask).mean
      guard let present = present[index] else { return mean }
      return mean.filled(0, where: (.!present).unsqueezed(1))
    }
    return up(.concatenated(means, 1)).unsqueezed(1)
  }
}
