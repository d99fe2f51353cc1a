import Polyphony

/// Wander, low-rank fusion, concatenation and cross-attention: fused steps that are added before the head or after every
/// layer. MokA: updates after every layer.
struct FusionTuningGraph: GraphMethod {
  let method: FusionTuning
  let sites: GraphParameters

  func encoderLayer(_ layer: Int, _ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    layer < method.atEncoderLayers.count ? added(layer, to: tokens, context) : tokens
  }

  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    method.afterEncoding.map { added($0, to: tokens, context) } ?? tokens
  }

  func fusionLayer(_ layer: Int, _ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    guard layer < method.atFusionLayers.count else { return tokens }
    return added(method.atFusionLayers.startIndex + layer, to: tokens, context)
  }

  func fused(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    method.afterFusing.map { added($0, to: tokens, context) } ?? tokens
  }

  func represented(_ representation: GraphTensor, _ context: GraphContext) -> GraphTensor {
    guard method.placement == .last else { return representation }
    let tokens = method.isJoined ? context.fused[0].split(context.encoded.map(\.length)) : context.fused
    let steps = SequenceFusionGraph(sites.at("0.fusion")).fuse(tokens, present: context.presence)
    let step = method.readout == .first ? steps.select(1, 0) : steps.mean(1)
    return representation + .concatenated(Array(repeating: step, count: method.readouts), 1)
  }

  /// The sequences with the fused steps, brought back to the steps of the modalities that a site returns to.
  private func added(_ index: Int, to tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] {
    let site = sites.at(index)
    if site.has("down.0.weight") { return updated(by: site, tokens, context) }
    let fused = SequenceFusionGraph(site.at("fusion")).fuse(tokens, present: context.presence)
    let returns = site.at("returns")
    let changed = zip(tokens, 0..<returns.count("")).map { tokens, modality in
      let update = returns["\(modality)"].slice(0, 0, tokens.length).matmul(fused)
      let none = update.builder.constant([0])
      let rest = tokens.length - update.size(1)
      return GraphTokens(tokens.values + update.padded(1, before: none, behind: rest), mask: tokens.mask)
    }
    return changed + tokens.dropFirst(changed.count)
  }

  /// MokA's h_m + B (a_m + c_m) for the modalities of a site, with a_m = A_m h_m, and c_m what a_m reads of a_1.
  private func updated(
    by site: GraphParameters, _ tokens: [GraphTokens], _ context: GraphContext
  ) -> [GraphTokens] {
    let down = site.at("down")
    let low = zip(tokens, 0..<down.count("weight")).map { GraphTokens(down.at($1).linear($0.values), mask: $0.mask) }
    let first = low[0].absent(where: context.presence[0])
    let changed = low.indices.map { index in
      let own = low[index].values
      let update = index == 0 ? own : own + first.attended(by: own, keys: first.values)
      return GraphTokens(tokens[index].values + site.at("up").linear(update), mask: tokens[index].mask)
    }
    return changed + tokens.dropFirst(changed.count)
  }
}
