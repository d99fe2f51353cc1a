import Foundation
import Torch

/// The pre-norm Transformer encoder of MulT, over one sequence or from a sequence to another one.
struct GraphEncoder {
  /// The tensors of the encoder.
  let parameters: GraphParameters
  /// Attention heads.
  let heads: Int
  /// True if a step sees no later ones.
  let causal: Bool
  /// The methods that act inside layers.
  let methods: [any GraphMethod]

  /// The number of layers.
  var layers: Int { parameters.at("layers").count("fc1.weight") }
  private var width: Int { parameters.shape("layer_norm.weight")[0] }

  func callAsFunction(_ x: GraphTokens, memory: GraphTokens? = nil) -> GraphTokens {
    let forbidden = forbidden(x, memory ?? x)
    let memory = memory.map { embed($0).values }
    var state = embed(x)
    for index in 0..<layers { state.values = layer(index, state.values, memory, forbidden) }
    return normalized(state)
  }

  /// √width · x with position codes, which the first layer reads.
  func embed(_ x: GraphTokens) -> GraphTokens {
    GraphTokens(x.values * Float(Double(width).squareRoot()) + Self.positions(of: x, width: width), mask: x.mask)
  }

  /// The last normalisation.
  func normalized(_ x: GraphTokens) -> GraphTokens {
    GraphTokens(parameters.at("layer_norm").layerNorm(x.values), mask: x.mask)
  }

  /// Position codes `[B, L, width]`, [sin(p f) | cos(p f)] for the p-th real step, and zeros at padding.
  static func positions(of tokens: GraphTokens, width: Int) -> GraphTensor {
    let half = width / 2
    let steps = tokens.real.integers
    let places = (steps.cumulativeSum(1) * steps).floats.unsqueezed(2)
    // The frequencies are computed as the library computes them, because their last bit counts at late steps.
    let decay = -log(10000) / Double(max(1, half - 1))
    let frequencies = noGrad { (Tensor.range(0, half, dtype: .float32) * decay).exp() }
    var parts: [GraphTensor] = []
    if half > 0 {
      let angles = places * tokens.values.builder.constant(frequencies)
      parts = [angles.sin(), angles.cos()]
    }
    if width % 2 == 1 { parts.append(places * 0) }
    return .concatenated(parts, 2) * steps.floats.unsqueezed(2)
  }

  /// True where a query may not attend to a key, `[B, 1, 1 or L, S]`; nil where it may to all.
  ///
  /// A causal query i sees key j if j ≤ i + |L − S|, where all four count real steps.
  func forbidden(_ queries: GraphTokens, _ keys: GraphTokens) -> GraphTensor? {
    let padding = keys.mask.map { (.!$0).unsqueezed(1, 2) }
    guard causal else { return padding }
    let (query, key) = (queries.real.integers, keys.real.integers)
    let last = query.cumulativeSum(1) + (query.sum(1, keep: true) - key.sum(1, keep: true)).abs()
    let future = (key.cumulativeSum(1).unsqueezed(1) .> last.unsqueezed(2)).unsqueezed(1)
    return padding.map { future .| $0 } ?? future
  }

  /// One layer; without a memory a step attends to its own sequence.
  func layer(_ index: Int, _ x: GraphTensor, _ memory: GraphTensor?, _ forbidden: GraphTensor?) -> GraphTensor {
    let layer = parameters.at("layers").at(index)
    let norms = layer.at("layer_norms")
    let normed = norms.at(0).layerNorm(x)
    let update = attention(
      normed, memory.map { norms.at(0).layerNorm($0) } ?? normed, forbidden, layer)
    let middle = x + methods.reduce(update) { $1.attention($0, in: layer.prefix) }
    let hidden = layer.at("fc1").linear(norms.at(1).layerNorm(middle)).relu()
    return middle + methods.reduce(layer.at("fc2").linear(hidden)) { $1.feedForward($0, in: layer.prefix) }
  }

  private func attention(
    _ queries: GraphTensor, _ memory: GraphTensor, _ forbidden: GraphTensor?, _ layer: GraphParameters
  ) -> GraphTensor {
    let own = layer.at("self_attn")
    let (weight, bias) = (own["in_proj_weight"], own["in_proj_bias"])
    let parts = (0..<3).map { part in
      (weight.slice(0, part * width, (part + 1) * width), bias.slice(0, part * width, (part + 1) * width))
    }
    let scale = Float(1 / Double(width / heads).squareRoot())
    let query = separate(queries.linear(parts[0].0, parts[0].1) * scale)
    var keys = memory.linear(parts[1].0, parts[1].1)
    var values = memory.linear(parts[2].0, parts[2].1)
    var forbidden = forbidden
    for prefix in methods.reversed().compactMap({ $0.prefix(in: layer.prefix) }) {
      let (front, back) = (prefix.keys.size(0), memory.builder.constant([0]))
      keys = .concatenated([prefix.keys.unsqueezed(0).expanded(toSamplesOf: keys, rank: 3), keys], 1)
      values = .concatenated([prefix.values.unsqueezed(0).expanded(toSamplesOf: values, rank: 3), values], 1)
      forbidden = forbidden?.integers.padded(3, before: front, behind: back).booleans
    }
    var scores = query.matmul(separate(keys).permuted(0, 1, 3, 2))
    if let forbidden { scores = scores.filled(-.infinity, where: forbidden) }
    let joined = scores.softmax(-1).matmul(separate(values)).permuted(0, 2, 1, 3).reshaped(0, 0, width)
    return own.at("out_proj").linear(joined)
  }

  /// `[B, heads, L, width / heads]`.
  private func separate(_ x: GraphTensor) -> GraphTensor {
    x.reshaped(0, 0, heads, width / heads).permuted(0, 2, 1, 3)
  }
}
