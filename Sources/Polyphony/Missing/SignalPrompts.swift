import Torch

/// The missing-signal prompts: one is added to a modality where it is made up, another where it is real (MPLMM, eq. 3).
final class SignalPrompts: Module {
  /// The two prompts of a modality.
  final class Pair: Module {
    /// `[d, steps]`, for samples that lack the modality.
    @Parameter var missing: Tensor
    /// `[d, steps]`, for samples that have it.
    @Parameter var present: Tensor

    init(_ shape: [Int], deviation: Double) {
      super.init()
      missing = .normal(shape) * deviation
      present = .normal(shape) * deviation
    }
  }

  /// By modality.
  @Child("") var pairs: NamedModules
  private let shape: PromptShape

  /// Prompts at their starting values.
  ///
  /// Prompts that are added to the modalities start at zero, so that a complete sample is embedded as in the base. Prompts
  /// that only tell type prompts apart start at small random numbers, because zero times zero has no gradient.
  init(_ shape: PromptShape, areAdded: Bool) {
    self.shape = shape
    super.init()
    var pairs = NamedModules()
    for (name, steps) in zip(shape.names, shape.steps) {
      pairs[name] = Pair([shape.width, steps], deviation: areAdded ? 0 : 0.02)
    }
    self.pairs = pairs
  }

  /// The prompts of a modality, `[d, steps]`.
  subscript(modality: Int) -> Pair { unsafeDowncast(pairs[shape.names[modality]]!, to: Pair.self) }

  /// A prompt over the modality's whole length, `[L_m, d]`.
  func spread(_ prompt: Tensor, _ modality: Int) -> Tensor {
    StepGrid.resample(prompt.transposed(), to: shape.lengths[modality])
  }
}
