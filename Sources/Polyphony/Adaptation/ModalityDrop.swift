import Torch

/// The augmentation of CASP: every sample loses one randomly chosen modality.
///
/// ```swift
/// let incomplete = ModalityDrop.dropped(inputs, rate: 0.5, generator: Generator(seed: 0))
/// ```
public enum ModalityDrop {
  /// Copies samples without one of their modalities.
  ///
  /// The dropped modality is one that the sample has, and never its last one.
  /// - Parameters:
  ///   - inputs: the samples.
  ///   - rate: the probability that a sample loses a modality.
  ///   - generator: the generator of the choices.
  public static func dropped(_ inputs: Inputs, rate: Double = 1, generator: Generator) -> Inputs {
    noGrad {
      let (count, modalities) = (inputs.count, inputs.modalities.count)
      let device = inputs.modalities[0].device
      // The draw takes place in any case, so that later draws do not depend on the inputs.
      let order = Tensor.uniform([count, modalities], generator: generator).to(device)
      let chance = Tensor.uniform([count, 1], generator: generator).to(device)
      let present = inputs.presence ?? .ones([count, modalities], dtype: .bool, device: device)
      let score = order.filled(-1, where: .!present)
      // Indices are necessary here, because a comparison would drop two modalities with equal draws.
      let chosen = score.argmax(1).oneHot(modalities).to(.bool)
      let mayLose = (present.to(.int64).sum(1, keep: true) .> 1) .& (chance .< rate)
      var result = inputs
      result.presence = present .& .!(chosen .& mayLose)
      return result
    }
  }
}

extension Inputs {
  /// The samples of two sets of inputs, one set after the other. Both sets have lengths and lost steps of the same
  /// modalities.
  static func joined(_ first: Inputs, _ second: Inputs) -> Inputs {
    func both(_ one: [Tensor?], _ other: [Tensor?]) -> [Tensor?] {
      zip(one, other).map { one, other in
        guard let one, let other else { return nil }
        return .concatenated([one, other])
      }
    }
    func presence(_ inputs: Inputs) -> Tensor {
      inputs.presence
        ?? .ones([inputs.count, inputs.modalities.count], dtype: .bool, device: inputs.modalities[0].device)
    }
    let hasPresence = first.presence != nil || second.presence != nil
    var joined = Inputs(
      zip(first.modalities, second.modalities).map { .concatenated([$0, $1]) },
      lengths: both(first.lengths, second.lengths),
      presence: hasPresence ? .concatenated([presence(first), presence(second)]) : nil)
    joined.kept = both(first.kept, second.kept)
    return joined
  }
}
