import Torch

/// Fusion by concatenation, Wander without products; and the head.
///
/// F = [z̄_1 ‖ … ‖ z̄_M] W↑ + b↑ `[B, 1, d]`, z̄_m the mean of GELU(h_m W_m + b_m) over the real steps `[B, r]`, zero for an
/// absent modality; W↑ `[d, M·r]` and b↑ start at zero where F must, otherwise at PyTorch's default.
/// Placed as Wander is (``FusionTuning``). Settings: `bottleneck` (r, 16), `placement` (`last`), `readout` (`mean`; there
/// is one step), `train_head` (true).
public enum ConcatenationFusion {
  /// Reads the settings.
  public static func make(_ settings: SettingsReader) throws(Fault) -> FusionTuning {
    let bottleneck = try settings.int("bottleneck", default: 16, in: 1...)
    return try FusionTuning(settings, method: "concat") { lengths, width, startsAtZero in
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
