extension Tensor {
  /// Zeroes elements with probability `p` and scales the others by 1/(1 − p). Returns the input if `active` is false.
  public func dropout(_ p: Double, active: Bool) -> Tensor {
    guard active, p > 0 else { return self }
    return Fused.dropout(self, p) ?? Operators.dropout(.tensor(self), .double(p), .bool(true))
  }
}
