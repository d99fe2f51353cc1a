/// Bottleneck adapters and Compacter: y + W↑ GELU(W↓ y + b↓) + b↑ behind the parts of each encoder layer, or behind each
/// block of convolutions.
struct BottleneckGraph: GraphMethod {
  let parameters: GraphParameters

  func attention(_ output: GraphTensor, in layer: String) -> GraphTensor { bottleneck("attention", output, layer) }

  func feedForward(_ output: GraphTensor, in layer: String) -> GraphTensor {
    bottleneck("feed_forward", output, layer)
  }

  func block(_ output: GraphTensor, in key: String) -> GraphTensor {
    let own = parameters.at("layers.\(key)")
    guard own.has("down.weight") else { return output }
    return output + own.at("up").linearAtEachPlace(own.at("down").linearAtEachPlace(output).gelu())
  }

  private func bottleneck(_ part: String, _ x: GraphTensor, _ layer: String) -> GraphTensor {
    let own = parameters.at("layers.\(layer).parts.\(part)")
    let isKronecker = own.has("down.s")
    guard isKronecker || own.has("down.weight") else { return x }
    let (down, up) = (own.at("down"), own.at("up"))
    guard isKronecker else { return x + up.linear(down.linear(x).gelu()) }
    return x + kronecker(up, kronecker(down, x).gelu())
  }

  /// x · Σ_i A_i ⊗ (s_i t_iᵀ) + b.
  private func kronecker(_ own: GraphParameters, _ x: GraphTensor) -> GraphTensor {
    let (blocks, inputs, outputs) = (own.shape("s")[0], own.shape("s")[1], own.shape("t")[2])
    let small = own["s"].matmul(own["t"])
    // A_i ⊗ B_i has A_i[a, b] · B_i[c, d] at row (a, c) and column (b, d).
    let products = parameters["shared"].unsqueezed(2, 4) * small.unsqueezed(1, 3)
    return x.matmul(products.sum(0).reshaped(blocks * inputs, blocks * outputs)) + own["bias"]
  }
}

/// Prefixes: keys and values that every query attends to besides the sequence's own.
struct PrefixGraph: GraphMethod {
  let parameters: GraphParameters

  func prefix(in layer: String) -> (keys: GraphTensor, values: GraphTensor)? {
    let own = parameters.at("layers.\(layer)")
    if own.has("keys") { return (own["keys"], own["values"]) }
    guard own.has("embedding") else { return nil }
    let both = own.at("up").linear(own.at("down").linear(own["embedding"]).tanh())
    let width = own.shape("embedding")[1]
    return (both.slice(1, 0, width), both.slice(1, width))
  }
}
