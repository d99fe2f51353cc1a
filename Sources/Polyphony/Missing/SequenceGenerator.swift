import Torch

/// A generator makes up the sequences of missing modalities from present ones (MPLMM, arXiv 2407.05374, eq. 1 and 2).
///
/// x̂_m = GELU(time([G_m ; GELU(W_{k→m} x_k) for each present k])) `[n, steps_m, d]`. The generative prompt G_m and the
/// present modalities, each mapped to the width d, follow one another in time. A linear map over time turns them into the
/// steps of m.
protocol SequenceGenerator: Module {
  /// The made-up sequences `[n, steps, d]` of a modality, with the indices of the samples that lack it.
  func callAsFunction(_ target: Int, _ sources: PromptSources) -> [(rows: Tensor, values: Tensor)]
}

/// The common part of all generators: generative prompts, and maps from features to the width.
final class GenerativeParts: Module {
  /// G, `[M, d, P]`; it starts at zero, and gets a gradient at once because the time maps are random.
  @Parameter("generative_prompt") var prompt: Tensor
  /// W_{k→m} by `k.m`.
  @Child var features: NamedModules
  private let shape: PromptShape

  init(_ shape: PromptShape) {
    self.shape = shape
    super.init()
    prompt = .zeros([shape.count, shape.width, shape.promptLength])
    var features = NamedModules()
    for source in 0..<shape.count {
      for target in shape.others(source) {
        features["\(shape.names[source]).\(shape.names[target])"] = Conv1d(shape.features[source], shape.width)
      }
    }
    self.features = features
  }

  /// GELU(W_{k→m} x_k) of some samples, zero at padding and where k is missing, `[n, L_k, d]`.
  func mapped(_ source: Int, to target: Int, _ sources: PromptSources, rows: Tensor) -> Tensor {
    let key = "\(shape.names[source]).\(shape.names[target])"
    // The initialiser has added every pair, with this type.
    let map = unsafeDowncast(features[key]!, to: Conv1d.self)
    let values = map.pointwise(sources.sequences[source].rows(rows)).gelu()
    return values * sources.weights[source].rows(rows)
  }

  /// A map over time of G_m, `[steps, d]`, for a weight `[steps, P]`.
  func start(_ target: Int, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    prompt[target].linear(weight, bias).transposed()
  }
}
