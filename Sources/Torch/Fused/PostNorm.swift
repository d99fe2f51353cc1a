extension Fused {
  private static let residual = Operator("polyphony::residual_norm")
  private static let feedForward = Operator("polyphony::feed_forward_norm")

  /// Returns LN(x + W·y + b) for rows `[N, width]`.
  ///
  /// It serves passes without gradients, f32, and a multiple of 16 features.
  package static func residualNorm(_ x: Tensor, _ y: Tensor, _ layer: Linear, _ norm: LayerNorm) -> Tensor? {
    guard let bias = layer.bias, x.size(1) % 16 == 0,
      serves([x, y, layer.weight, bias, norm.weight, norm.bias])
    else { return nil }
    return residual(
      .tensor(x), .tensor(y), .tensor(layer.weight), .tensor(bias), .tensor(norm.weight), .tensor(norm.bias),
      .double(norm.epsilon))
  }

  /// Returns LN(x + W₂·gelu(W₁·x + b₁) + b₂) for rows `[N, width]`. The hidden states of all rows are never in memory
  /// together.
  ///
  /// It serves passes without gradients, f32, and a multiple of 16 features and hidden features.
  package static func feedForwardNorm(
    _ x: Tensor, _ widening: Linear, _ narrowing: Linear, _ norm: LayerNorm
  ) -> Tensor? {
    guard let first = widening.bias, let second = narrowing.bias, x.size(1) % 16 == 0, first.size(0) % 16 == 0,
      serves([x, widening.weight, first, narrowing.weight, second, norm.weight, norm.bias])
    else { return nil }
    return feedForward(
      .tensor(x), .tensor(widening.weight), .tensor(first), .tensor(narrowing.weight), .tensor(second),
      .tensor(norm.weight), .tensor(norm.bias), .double(norm.epsilon))
  }

  private static func serves(_ tensors: [Tensor]) -> Bool {
    tensors.allSatisfy { serves($0) && $0.dtype == .float32 }
      && !(Door.table.gradient_mode() && tensors.contains(where: \.requiresGradient))
  }
}
