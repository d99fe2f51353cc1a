import Torch

/// The missing-type prompts: further steps that depend on which modalities are missing (MPLMM, eq. 4 and 5).
///
/// The steps for modality m are T_m · Σ_k s_k E_k `[P, width]`, where s_k is the signal prompt of modality k in this sample.
/// T starts at random values and E at zero, so that the steps are zero at first and E gets the first gradient. With both at
/// zero neither would ever get one.
final class TypePrompts: Module {
  /// E of one modality.
  final class Coupling: Module {
    /// `[steps, width]`.
    @Parameter var weight: Tensor

    init(_ shape: [Int]) {
      super.init()
      weight = .zeros(shape)
    }
  }

  /// T, `[M, P, d]`.
  @Parameter("type_prompt") var prompt: Tensor
  /// E by modality.
  @Child("coupling") var couplings: NamedModules
  private let shape: PromptShape

  init(_ shape: PromptShape) {
    self.shape = shape
    super.init()
    prompt = .normal([shape.count, shape.promptLength, shape.width]) / Double(shape.width).squareRoot()
    var couplings = NamedModules()
    for (name, steps) in zip(shape.names, shape.steps) { couplings[name] = Coupling([steps, shape.site.width]) }
    self.couplings = couplings
  }

  /// The steps for each sample and modality, `[B, M, P, width]`; `[1, M, P, width]` where nothing can be missing.
  func callAsFunction(_ signals: SignalPrompts, presence: Tensor?) -> Tensor {
    // T_m (s_k E_k) for both states of every k, then for each sample the sum over the states that it has.
    let states = shape.names.indices.flatMap { index in
      let weight = unsafeDowncast(couplings[shape.names[index]]!, to: Coupling.self).weight
      return [signals[index].present.matmul(weight), signals[index].missing.matmul(weight)]
    }
    let products = prompt.unsqueezed(0).matmul(Tensor.stacked(states).unsqueezed(1))
    let present = presence?.to(prompt.dtype) ?? .ones([1, shape.count], dtype: prompt.dtype, device: prompt.device)
    let holds = Tensor.stacked([present, 1 - present], 2).flattened(1)
    return holds.matmul(products.flattened(1)).view(-1, shape.count, shape.promptLength, shape.site.width)
  }
}
