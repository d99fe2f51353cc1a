/// Neighbours from the training split in place of missing modalities, and further steps that show them.
struct RetrievalGraph: GraphMethod {
  let parameters: GraphParameters
  let names: [String]
  let neighbours: Int
  let length: Int

  /// The distance of samples without a common modality.
  private static let far: Float = 1e9

  var handlesMissing: Bool { true }
  var makesUpMissing: Bool { true }
  var needsEveryStep: Bool { true }

  func embedded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    let distance = distance(tokens, context.inputs.presence)
    let made = tokens.enumerated().map { index, tokens in
      let found = mean(of: index, distance)
      return (fill(tokens, index, found, context.inputs.isPresent(index)), found.steps)
    }
    guard length > 0 else { return made.map(\.0) }
    return GraphTokens.append(.stacked(made.enumerated().map { steps($0, $1.0.values, $1.1) }, 1), to: made.map(\.0))
  }

  /// The mean distance of each sample and each place over the modalities that both have, `[B, N]`.
  private func distance(_ tokens: [GraphTokens], _ presence: GraphTensor?) -> GraphTensor {
    let builder = parameters.builder
    let (none, one) = (builder.constant(Float(0)), builder.constant(Float(1)))
    let parts = tokens.enumerated().map { index, tokens in
      let memory = parameters.at("memory.modality.\(names[index])")
      let (steps, real) = (memory["steps"], memory["real"].unsqueezed(2))
      let held = parameters["memory.presence"].select(1, index)
      let mean = steps.sum(0) / real.sum(0).clamped(one)
      let places = ((steps - mean) * real).reshaped(0, -1)
      let samples = ((tokens.values - mean) * tokens.real.floats.unsqueezed(2)).reshaped(0, -1)
      let lengths = (places * places).sum(1)
      let scale = (lengths.sum(0) / held.sum(0).clamped(one)).clamped(builder.constant(Float(1e-12)))
      let product = samples.matmul(places.permuted(1, 0))
      let squares = (samples * samples).sum(1, keep: true) + lengths.unsqueezed(0) - product * 2
      let both =
        presence.map { held.unsqueezed(0) * $0.select(1, index).floats.unsqueezed(1) } ?? held.unsqueezed(0)
      return (squares.clamped(none) / scale * both, both)
    }
    let (sum, common) = parts.dropFirst().reduce(parts[0]) { ($0.0 + $1.0, $0.1 + $1.1) }
    return (sum / common.clamped(one)).filled(Self.far, where: common .== none)
  }

  /// The mean of the nearest places with a modality, and whether there is one.
  private func mean(of modality: Int, _ distance: GraphTensor) -> (steps: GraphTensor, isFound: GraphTensor) {
    let builder = parameters.builder
    let key = "memory.modality.\(names[modality])"
    let (steps, shape) = (parameters["\(key).steps"], parameters.shape("\(key).steps"))
    let absent = parameters["memory.presence"].select(1, modality) .== builder.constant(Float(0))
    let candidates = distance.filled(Self.far, where: absent.unsqueezed(0))
    let count = min(neighbours, shape[0])
    let nearest = builder.node(
      "TopK", [candidates, builder.constant([count])], ["axis": .int(1), "largest": .int(0)], outputs: 2)[0]
    let near = candidates.node("LessOrEqual", nearest.slice(1, count - 1, count))
    let chosen = (near .& (candidates .< builder.constant(Self.far))).floats
    let real = chosen.matmul(parameters["\(key).real"]).clamped(builder.constant(Float(1))).unsqueezed(2)
    let total = chosen.matmul(steps.reshaped(shape[0], -1)).reshaped(-1, shape[1], shape[2])
    return (total / real, chosen.sum(1) .> builder.constant(Float(0)))
  }

  private func fill(
    _ tokens: GraphTokens, _ index: Int, _ found: (steps: GraphTensor, isFound: GraphTensor), _ present: GraphTensor?
  ) -> GraphTokens {
    guard let present else { return tokens }
    let filled = .!present .& found.isFound
    let made = found.steps + parameters.at("generators.\(index)").linear(found.steps)
    return GraphTokens(
      made.selected(where: filled.unsqueezed(1, 2), otherwise: tokens.values),
      mask: tokens.mask.map { $0 .| filled.unsqueezed(1) })
  }

  /// The further steps of one modality, `[B, P, width]`.
  private func steps(_ modality: Int, _ values: GraphTensor, _ found: GraphTensor) -> GraphTensor {
    let maps = parameters.at("prompters")
    let shape = parameters.shape("memory.modality.\(names[modality]).steps")
    let scores = maps.at(0).linear(values).matmul(maps.at(1).linear(found).permuted(0, 2, 1))
    let scaled = scores / Float(Double(shape[2]).squareRoot())
    return StepGridGraph.resample(scaled.softmax(2).matmul(maps.at(2).linear(found)), from: shape[1], to: length)
  }
}
