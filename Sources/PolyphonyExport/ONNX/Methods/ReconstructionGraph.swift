/// Imagines the embeddings of missing modalities by a cascade of autoencoders.
struct ReconstructionGraph: GraphMethod {
  let parameters: GraphParameters

  var handlesMissing: Bool { true }
  var makesUpMissing: Bool { true }

  func embedded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    let inputs = context.inputs
    guard let presence = inputs.presence else { return tokens }
    let imagined = imagine(.stacked(tokens.map(\.mean), 1), presence, modalities: tokens.count)
    return tokens.enumerated().map { index, tokens in
      inputs.replaced(tokens, index, by: imagined.select(1, index).unsqueezed(1))
    }
  }

  /// All modalities' embeddings `[B, M, d]` from those that are present.
  private func imagine(_ means: GraphTensor, _ presence: GraphTensor, modalities: Int) -> GraphTensor {
    let layers = parameters.at("forward")
    let width = layers.shape("0.weight")[1]
    var total = (means * presence.floats.unsqueezed(2)).reshaped(0, width)
    for block in stride(from: 0, to: layers.count("weight"), by: 2) {
      total = total + layers.at(block + 1).linear(layers.at(block).linear(total).relu())
    }
    return total.reshaped(0, modalities, width / modalities)
  }
}
