import Polyphony

/// Prompts for missing modalities: generative prompts make up what is missing, signal prompts tell real from made up,
/// type prompts are appended.
struct MissingModalityPromptsGraph: GraphMethod {
  let parameters: GraphParameters
  let settings: PromptSettings
  let modalities: [Modality]
  /// True if type prompts come before the encoders of the modalities.
  let isBeforeEncoding: Bool
  private let generator: SequenceGeneratorGraph?
  private var types: TypePromptsGraph { TypePromptsGraph(parameters: parameters, names: modalities.map(\.name)) }

  init(_ prompts: MissingModalityPrompts, _ parameters: GraphParameters, of backbone: any Backbone) {
    (self.parameters, settings) = (parameters, prompts.settings)
    modalities = backbone.configuration.modalities
    isBeforeEncoding = backbone.promptSite?.stage == .embedded
    generator =
      prompts.settings.generative ? SequenceGeneratorGraph(parameters: parameters, modalities: modalities) : nil
  }

  var handlesMissing: Bool { true }
  var makesUpMissing: Bool { settings.generative }
  var needsEveryStep: Bool { true }

  func embedded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    let completed = tokens.enumerated().map { complete($1, $0, context.inputs) }
    return settings.type && isBeforeEncoding ? GraphTokens.append(types(context.inputs), to: completed) : completed
  }

  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    settings.type && !isBeforeEncoding ? GraphTokens.append(types(context.inputs), to: tokens) : tokens
  }

  /// Puts a made-up sequence in place of a missing one, and adds the signal prompts.
  private func complete(_ tokens: GraphTokens, _ index: Int, _ inputs: GraphInputs) -> GraphTokens {
    let made = generator?.sequence(index, inputs) ?? tokens.values
    guard settings.signal else { return inputs.replaced(tokens, index, by: made) }
    let real = GraphTokens(tokens.values + spread("present", index), mask: tokens.mask)
    return inputs.replaced(real, index, by: made + spread("missing", index))
  }

  /// A signal prompt over the modality's whole length, `[L, d]`.
  private func spread(_ state: String, _ index: Int) -> GraphTensor {
    let name = "signal.\(modalities[index].name).\(state)"
    return StepGridGraph.resample(
      parameters[name].permuted(1, 0), from: parameters.shape(name)[1], to: modalities[index].steps)
  }
}

/// Type prompts, T_m · Σ_k s_k E_k, where s_k is the signal prompt that holds for modality k.
struct TypePromptsGraph {
  let parameters: GraphParameters
  let names: [String]

  /// The steps for each sample and modality, `[B or 1, M, P, width]`.
  func callAsFunction(_ inputs: GraphInputs) -> GraphTensor {
    let states = names.flatMap { name in
      let (signal, weight) = (parameters.at("signal.\(name)"), parameters["coupling.\(name).weight"])
      return [signal["present"].matmul(weight), signal["missing"].matmul(weight)]
    }
    let prompt = parameters["type_prompt"]
    let products = prompt.matmul(GraphTensor.stacked(states, 0).unsqueezed(1))
    let present = inputs.presence?.floats ?? prompt.builder.constant(.ones([1, names.count]))
    let holds = GraphTensor.stacked([present, 1 - present], 2).reshaped(0, 2 * names.count)
    let width = parameters.shape("coupling.\(names[0]).weight")[1]
    let (count, length) = (names.count, parameters.shape("type_prompt")[1])
    return holds.matmul(products.reshaped(2 * count, -1)).reshaped(0, count, length, width)
  }
}
