extension Fused {
  private static let ragged = Operator("polyphony::ragged_attention")

  /// Attends within samples of different lengths that lie side by side, so that no padding is computed.
  ///
  /// It serves passes without gradients, and heads of a multiple of 16 features.
  /// - Parameters:
  ///   - queries, keys, values: the rows of all samples, `[steps, width]`.
  ///   - starts: the first row of each sample, and behind the last sample the number of rows, i64.
  package static func raggedAttention(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, starts: Tensor, heads: Int
  ) -> Tensor? {
    guard serves(queries), queries.size(1) % (16 * heads) == 0,
      !(Door.table.gradient_mode() && [queries, keys, values].contains(where: \.requiresGradient))
    else { return nil }
    return ragged(.tensor(queries), .tensor(keys), .tensor(values), .tensor(starts), .int(heads))
  }
}
