/// Zeros in place of missing modalities, which every backbone gets.
struct ZeroFillGraph: GraphMethod {
  var handlesMissing: Bool { true }
}

/// The training mean of each step and feature in place of a missing modality.
struct MeanFillGraph: GraphMethod {
  let parameters: GraphParameters
  let names: [String]

  var handlesMissing: Bool { true }
  var makesUpMissing: Bool { true }
  var needsEveryStep: Bool { true }

  func prepare(_ inputs: GraphInputs) -> GraphInputs {
    var result = inputs
    for (index, name) in names.enumerated() {
      guard let present = inputs.isPresent(index) else { continue }
      let mean = "mean.\(name).value"
      let axes = present.builder.constant(Array(1...parameters.shape(mean).count))
      result.values[index] = inputs.values[index]
        .selected(where: present.node("Unsqueeze", axes), otherwise: parameters[mean])
    }
    return result
  }
}

/// Methods that treat a sequence as made up where a sample lacks the modality but not all.
extension GraphInputs {
  /// True for the samples that have some modality but not this one, `[B]`; nil where nothing is missing.
  func isReplaced(_ index: Int) -> GraphTensor? {
    presence.map { presence in
      let some = presence.integers.sum(1) .> presence.builder.constant(0)
      return some .& .!presence.select(1, index)
    }
  }

  /// A sequence with other values where the modality is made up. A made-up sequence has every step.
  func replaced(_ tokens: GraphTokens, _ index: Int, by values: GraphTensor) -> GraphTokens {
    guard let replaced = isReplaced(index), let present = isPresent(index) else { return tokens }
    return GraphTokens(
      values.selected(where: replaced.unsqueezed(1, 2), otherwise: tokens.values),
      mask: tokens.mask.map { $0 .| (.!present).unsqueezed(1) })
  }
}

/// A prompt for each pattern of what is present, behind the sequences.
struct MissingAwarePromptsGraph: GraphMethod {
  let parameters: GraphParameters
  /// True if the prompts come before the encoders of the modalities.
  let isBeforeEncoding: Bool

  var handlesMissing: Bool { true }

  func embedded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    isBeforeEncoding ? GraphTokens.append(rows(context.inputs), to: tokens) : tokens
  }

  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    isBeforeEncoding ? tokens : GraphTokens.append(rows(context.inputs), to: tokens)
  }

  private func rows(_ inputs: GraphInputs) -> GraphTensor {
    let prompts = parameters["prompts"]
    guard let code = inputs.patternCode else { return prompts.slice(0, parameters.shape("prompts")[0] - 1) }
    let builder = prompts.builder
    return prompts.rows((code - builder.constant(1)).clamped(builder.constant(0)))
  }
}

extension GraphInputs {
  /// Σ_m 2^m over the modalities m that a sample has, `[B]`; nil where nothing is missing.
  var patternCode: GraphTensor? {
    presence.map { ($0.integers * $0.builder.constant(values.indices.map { 1 << $0 })).sum(1) }
  }
}

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
