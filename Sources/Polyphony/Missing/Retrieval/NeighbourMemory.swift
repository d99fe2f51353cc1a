import Torch

/// Samples of the training split in embedded form, and the mean of those that resemble a sample most.
///
/// The memory has a fixed number of places N, so that its tensors have the same shapes for every training split. Each
/// modality takes 4·N·L_m·(width + 1) bytes in single precision.
final class NeighbourMemory: Module {
  /// The sequences of one modality.
  final class Sequences: Module {
    /// `[N, L, width]`; zeros at padding, for missing modalities and in unused places.
    @Buffer var steps: Tensor
    /// `[N, L]`; 1 for steps that hold values, 0 for others.
    @Buffer var real: Tensor

    init(places: Int, length: Int, width: Int) {
      super.init()
      (steps, real) = (.zeros([places, length, width]), .zeros([places, length]))
    }
  }

  /// The distance of samples without a common modality, which is above every other.
  private static let far = 1e9
  /// The distance below which two samples are one. A training sample finds itself in the memory, and would be filled with
  /// what was taken away.
  private static let same = 1e-4

  @Child("modality") var sequences: NamedModules
  /// `[N, M]`; 1 for the modalities of each place.
  @Buffer var presence: Tensor
  private let names: [String]

  init(_ configuration: ModelConfiguration, places: Int) {
    names = configuration.modalities.map(\.name)
    super.init()
    var sequences = NamedModules()
    for modality in configuration.modalities {
      sequences[modality.name] = Sequences(places: places, length: modality.steps, width: configuration.width)
    }
    self.sequences = sequences
    presence = .zeros([places, names.count])
  }

  private func sequence(_ modality: Int) -> Sequences {
    unsafeDowncast(sequences[names[modality]]!, to: Sequences.self)
  }

  /// The number of places.
  var places: Int { presence.size(0) }

  /// Stores embedded samples in the first places. There must be no more samples than places.
  func store(_ tokens: [Tokens], presence present: Tensor?) {
    noGrad {
      let count = tokens[0].values.size(0)
      presence.fillInPlace(0)
      let all = Tensor.ones([count, names.count], dtype: presence.dtype, device: presence.device)
      presence[0..<count].copyInPlace(from: present ?? all)
      for (index, tokens) in tokens.enumerated() {
        let own = presence[0..<count].select(1, index).unsqueezed(1)
        let real = tokens.mask.map { $0.to(own.dtype) * own } ?? own.expanded(-1, tokens.length)
        let sequence = sequence(index)
        for (target, values) in [(sequence.real, real), (sequence.steps, tokens.values * real.unsqueezed(2))] {
          target.fillInPlace(0)
          target[0..<count].copyInPlace(from: values)
        }
      }
    }
  }

  /// The distance of each sample to each place, `[B, N]`.
  ///
  /// It is the mean of ‖x_k − n_k‖² / s_k over the modalities k that both have. Sequences are compared step by step, and
  /// s_k is the mean of ‖n_k − n̄_k‖² over the memory, whose mean n̄_k also stands for padding.
  /// - Parameters:
  ///   - tokens: the embedded samples.
  ///   - present: `[B, M]`, 1 for the modalities of each sample; nil if all have all.
  ///   - leavesOutSame: true to give a place with the sample itself the distance of a stranger.
  func distance(_ tokens: [Tokens], _ present: Tensor?, leavesOutSame: Bool) -> Tensor {
    noGrad {
      var (sum, common) = (presence.zerosLike().sum(), presence.zerosLike().sum())
      for (index, tokens) in tokens.enumerated() {
        let sequence = sequence(index)
        let (real, held) = (sequence.real.unsqueezed(2), presence.select(1, index))
        let mean = sequence.steps.sum(0) / real.sum(0).clamped(1, nil)
        let places = ((sequence.steps - mean) * real).flattened(1)
        var own = tokens.values.detached() - mean
        if let mask = tokens.mask { own = own * mask.to(own.dtype).unsqueezed(2) }
        let samples = own.flattened(1)
        let lengths = places.squared().sum(1)
        let scale = (lengths.sum() / held.sum().clamped(1, nil)).clamped(1e-12, nil)
        let product = samples.matmul(places.transposed(0, 1))
        let squares = samples.squared().sum(1, keep: true) + lengths.unsqueezed(0) - product * 2
        let both = present.map { held.unsqueezed(0) * $0.select(1, index).unsqueezed(1) } ?? held.unsqueezed(0)
        sum = sum + squares.clamped(0, nil) / scale * both
        common = common + both
      }
      let distance = (sum / common.clamped(1, nil)).filled(Self.far, where: common .== 0)
      return leavesOutSame ? distance.filled(Self.far, where: distance .< Self.same) : distance
    }
  }

  /// The mean of the nearest places that have a modality, step by step over their real steps.
  ///
  /// Places as far as the last one are all taken.
  /// - Returns: the mean `[B, L, width]`, and whether there was a place at all, `[B]` (bool).
  func mean(of modality: Int, _ distance: Tensor, neighbours: Int) -> (steps: Tensor, isFound: Tensor) {
    noGrad {
      let sequence = sequence(modality)
      let candidates = distance.filled(Self.far, where: (presence.select(1, modality) .== 0).unsqueezed(0))
      let count = min(neighbours, places)
      let last = candidates.sorted(1).values.slice(1, count - 1, count)
      let chosen = ((candidates .<= last) .& (candidates .< Self.far)).to(distance.dtype)
      let real = chosen.matmul(sequence.real).clamped(1, nil).unsqueezed(2)
      let total = chosen.matmul(sequence.steps.flattened(1)).reshaped(
        -1, sequence.steps.size(1), sequence.steps.size(2))
      return (total / real, chosen.sum(1) .> 0)
    }
  }
}
