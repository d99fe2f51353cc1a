import Torch

/// Makes up missing modalities from similar training samples, and tells the model what those look like.
///
/// In the manner of RAGPT (Lang et al., AAAI 2025, arXiv 2501.01120). With n_m the mean of the nearest neighbours of a
/// sample that have modality m (`NeighbourMemory`) and h_m its own embedded sequence, a missing modality becomes
///
/// h_m = n_m + A_m n_m, A_m = 0 at the start,
///
/// and P further steps of every modality show the neighbours in the sample's own view:
///
/// p_m = pool_P( softmax(h_m W_q (n_m W_k)ᵀ / √d) n_m W_v ).
///
/// The paper searches by cosine in CLIP's features, filters n_m in frequency before a linear map, attends to each
/// neighbour apart, and adds embeddings of the labels to the last layer. Here the embeddings are those of the base, and
/// distances decide, since vectors of few numbers may differ in length alone.
package final class Retrieval: Module, Attachment {
  @Child var memory: NeighbourMemory
  /// A_1 … A_M.
  @Child var generators: [Linear]
  /// W_q, W_k and W_v; empty without further steps.
  @Child var prompters: [Linear]
  /// The samples of the memory that stand for a missing modality.
  package let neighbours: Int
  /// The further steps of each modality.
  package let length: Int

  init(_ configuration: ModelConfiguration, places: Int, neighbours: Int, length: Int) {
    (self.neighbours, self.length) = (neighbours, length)
    super.init()
    let width = configuration.width
    memory = NeighbourMemory(configuration, places: places)
    generators = configuration.modalities.map { _ in
      let map = Linear(width, width)
      noGrad { for (_, stored) in map.parameters() { stored.tensor!.fillInPlace(0) } }
      return map
    }
    prompters = length > 0 ? (0..<3).map { _ in Linear(width, width, bias: false) } : []
  }

  package var stages: Stages { [] }
  package var handlesMissingModalities: Bool { true }
  package var makesUpMissingModalities: Bool { true }
  package var sequenceEffect: SequenceEffect { length > 0 ? .appendsSteps : .readsPositions }

  package func embedded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    guard context.inputs.presence != nil || length > 0 else { return tokens }
    let present = context.inputs.presence?.to(tokens[0].values.dtype)
    let distance = memory.distance(tokens, present, leavesOutSame: isTraining)
    let made = tokens.enumerated().map { index, tokens in
      let found = memory.mean(of: index, distance, neighbours: neighbours)
      return (fill(tokens, index, found, context.inputs.isPresent(index)), found.steps)
    }
    guard length > 0 else { return made.map(\.0) }
    return PromptSite.append(.stacked(made.map { steps($0.0, $0.1) }, 1), to: made.map(\.0))
  }

  /// A modality in which the samples that lack it have their neighbours' mean.
  private func fill(
    _ tokens: Tokens, _ index: Int, _ found: (steps: Tensor, isFound: Tensor), _ present: Tensor?
  ) -> Tokens {
    guard let present else { return tokens }
    let filled = (.!present) .& found.isFound
    let made = found.steps + generators[index](found.steps)
    var result = tokens
    result.values = made.selected(where: filled.reshaped(-1, 1, 1), otherwise: tokens.values)
    result.mask = tokens.mask.map { $0 .| filled.unsqueezed(1) }
    return result
  }

  /// The further steps of one modality, `[B, P, width]`.
  private func steps(_ tokens: Tokens, _ found: Tensor) -> Tensor {
    let scale = 1 / Double(found.size(2)).squareRoot()
    let scores = prompters[0](tokens.values).matmul(prompters[1](found).transposed(1, 2)) * scale
    return StepGrid.resample(scores.softmax(2).matmul(prompters[2](found)), to: length)
  }
}
