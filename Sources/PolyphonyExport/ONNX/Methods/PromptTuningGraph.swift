/// Prompt tuning: trained steps before each modality's sequence, which leave it after the first encoders.
///
/// Each own step is shifted by the codes of its position without prompts less those with them.
struct PromptTuningGraph: GraphMethod {
  let parameters: GraphParameters
  let names: [String]
  /// True if the first encoder reads all modalities.
  let readsJoined: Bool

  private var length: Int { parameters.shape("\(names[0]).steps")[0] }

  func embedded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    let extended = zip(names, tokens).map { name, tokens in
      let front = GraphTokens(
        parameters["\(name).steps"].unsqueezed(0).expanded(toSamplesOf: tokens.values, rank: 3))
      return GraphTokens.joined([front, tokens])
    }
    let width = parameters.shape("\(names[0]).steps")[1]
    let (before, after) = (codes(tokens, width), codes(extended, width))
    return extended.indices.map { index in
      let shift = (before[index] - after[index].slice(1, length)) / Float(Double(width).squareRoot())
      let (front, back) = (shift.builder.constant([length]), shift.builder.constant([0]))
      return GraphTokens(
        extended[index].values + shift.padded(1, before: front, behind: back), mask: extended[index].mask)
    }
  }

  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    readsJoined ? tokens : tokens.map(strip)
  }

  func fused(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    guard readsJoined else { return tokens }
    let lengths = context.encoded.map(\.length)
    return tokens.map { .joined($0.split(lengths).map(strip)) }
  }

  private func strip(_ tokens: GraphTokens) -> GraphTokens {
    GraphTokens(tokens.values.slice(1, length), mask: tokens.mask?.slice(1, length))
  }

  /// The codes of the positions that the encoder will add.
  private func codes(_ tokens: [GraphTokens], _ width: Int) -> [GraphTensor] {
    guard readsJoined else { return tokens.map { GraphEncoder.positions(of: $0, width: width) } }
    let whole = GraphTokens.joined(tokens)
    return GraphTokens(GraphEncoder.positions(of: whole, width: width)).split(tokens.map(\.length)).map(\.values)
  }
}
