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
