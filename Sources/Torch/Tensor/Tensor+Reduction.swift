extension Tensor {
  /// Sums all elements.
  public func sum() -> Tensor { Operators.sum(.tensor(self), .dtype(nil)) }
  /// Sums along dimensions.
  public func sum(_ dimensions: Int..., keep: Bool = false) -> Tensor {
    Operators.sumDimensions(.tensor(self), .ints(dimensions), .bool(keep), .dtype(nil))
  }
  /// Averages all elements.
  public func mean() -> Tensor { Operators.mean(.tensor(self), .dtype(nil)) }
  /// Averages along dimensions.
  public func mean(_ dimensions: Int..., keep: Bool = false) -> Tensor {
    Operators.meanDimensions(.tensor(self), .ints(dimensions), .bool(keep), .dtype(nil))
  }
  /// Computes the variance along dimensions: the sum of squared deviations over n − `correction`.
  public func variance(_ dimensions: Int..., correction: Int = 0, keep: Bool = false) -> Tensor {
    Operators.variance(.tensor(self), .ints(dimensions), .int(correction), .bool(keep))
  }
  /// Finds the largest element along dimensions, or of the whole tensor if none are given.
  public func maximum(_ dimensions: Int..., keep: Bool = false) -> Tensor {
    Operators.amax(.tensor(self), .ints(dimensions), .bool(keep))
  }
  /// Finds the smallest element along dimensions, or of the whole tensor if none are given.
  public func minimum(_ dimensions: Int..., keep: Bool = false) -> Tensor {
    Operators.amin(.tensor(self), .ints(dimensions), .bool(keep))
  }
  /// Finds the index of the largest element along a dimension.
  public func argmax(_ dimension: Int, keep: Bool = false) -> Tensor {
    Operators.argmax(.tensor(self), .int(dimension), .bool(keep))
  }
  /// Computes the running sum along a dimension.
  public func cumulativeSum(_ dimension: Int) -> Tensor {
    Operators.cumsum(.tensor(self), .int(dimension), .dtype(nil))
  }
  /// Computes the Euclidean norm along dimensions, or of the whole tensor if none are given.
  public func norm(_ dimensions: Int..., keep: Bool = false) -> Tensor {
    Operators.vectorNorm(
      .tensor(self), .int(2), dimensions.isEmpty ? .none : .ints(dimensions), .bool(keep), .dtype(nil))
  }
  /// Computes ln Σ eˣ along a dimension, without overflow.
  public func logSumExp(_ dimension: Int, keep: Bool = false) -> Tensor {
    Operators.logsumexp(.tensor(self), .ints([dimension]), .bool(keep))
  }
  /// Sorts the elements along a dimension. `indices` holds the previous position of each.
  public func sorted(_ dimension: Int = -1, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
    let results = Operators.sort.all(.tensor(self), .int(dimension), .bool(descending))
    return (results[0]!, results[1]!)
  }
}
