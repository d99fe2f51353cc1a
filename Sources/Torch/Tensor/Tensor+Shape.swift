extension Tensor {
  /// The same memory under another shape; one size may be −1.
  public func view(_ shape: Int...) -> Tensor { Operators.view(.tensor(self), .ints(shape)) }
  /// The same elements under another shape, copied where memory does not allow a view; one size may be −1.
  public func reshaped(_ shape: Int...) -> Tensor { reshaped(to: shape) }
  /// The same elements under another shape; one size may be −1.
  public func reshaped(to shape: [Int]) -> Tensor { Operators.reshape(.tensor(self), .ints(shape)) }
  /// A view that repeats dimensions of size 1 without copying; −1 keeps a size.
  public func expanded(_ shape: Int...) -> Tensor { Operators.expand(.tensor(self), .ints(shape)) }
  /// A view with the dimensions in another order.
  public func permuted(_ order: Int...) -> Tensor { Operators.permute(.tensor(self), .ints(order)) }
  /// A view with two dimensions exchanged.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    Operators.transpose(.tensor(self), .int(first), .int(second))
  }
  /// A view with a new dimension of size 1.
  public func unsqueezed(_ dimension: Int) -> Tensor { Operators.unsqueeze(.tensor(self), .int(dimension)) }
  /// A view without a dimension of size 1.
  public func squeezed(_ dimension: Int) -> Tensor { Operators.squeeze(.tensor(self), .int(dimension)) }
  /// The dimensions from `start` to `end` as one.
  public func flattened(_ start: Int = 0, _ end: Int = -1) -> Tensor {
    Operators.flatten(.tensor(self), .int(start), .int(end))
  }
  /// The elements in row-major order without gaps; `self` where they are already.
  public func contiguous() -> Tensor { isContiguous ? self : Operators.contiguous(.tensor(self)) }
  /// A copy with memory of its own, in the autograd graph.
  public func copy() -> Tensor { Operators.clone(.tensor(self)) }
  /// Zeros (or `value`) before and after the last dimensions, in libtorch's order: last dimension first.
  public func padded(_ widths: [Int], value: Double = 0) -> Tensor {
    Operators.pad(.tensor(self), .ints(widths), .double(value))
  }
  /// The elements in reverse along dimensions.
  public func flipped(_ dimensions: Int...) -> Tensor { Operators.flip(.tensor(self), .ints(dimensions)) }
  /// The part on and above a diagonal, zeros below it.
  public func upperTriangle(_ diagonal: Int = 0) -> Tensor { Operators.triu(.tensor(self), .int(diagonal)) }

  /// The tensors one after another along a dimension.
  public static func concatenated(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
    tensors.count == 1 ? tensors[0] : Operators.cat(.tensors(tensors), .int(dimension))
  }
  /// The tensors along a new dimension.
  public static func stacked(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
    Operators.stack(.tensors(tensors), .int(dimension))
  }
  /// Views of consecutive pieces along a dimension.
  public func split(_ sizes: [Int], _ dimension: Int = 0) -> [Tensor] {
    Operators.splitSizes.list(.tensor(self), .ints(sizes), .int(dimension))
  }

  /// The elements as another type; `self` where they are already.
  public func to(_ dtype: DType) -> Tensor {
    dtype == self.dtype ? self : Operators.to(.tensor(self), .device(device), .dtype(dtype))
  }
  /// The elements on another device; `self` where they are already.
  public func to(_ device: Device) -> Tensor {
    device == self.device ? self : Operators.to(.tensor(self), .device(device), .dtype(dtype))
  }
}

// Indexing
extension Tensor {
  /// A view of one index along a dimension, which disappears.
  public func select(_ dimension: Int, _ index: Int) -> Tensor {
    Operators.select(.tensor(self), .int(dimension), .int(index))
  }
  /// A view of a range along a dimension; negative bounds count from the end.
  public func slice(_ dimension: Int, _ start: Int, _ end: Int? = nil) -> Tensor {
    Operators.slice(.tensor(self), .int(dimension), .int(start), end.map { .int($0) } ?? .none, .int(1))
  }
  /// A view of one index along the first dimension.
  public subscript(index: Int) -> Tensor { select(0, index) }
  /// A view of a range along the first dimension.
  public subscript(range: Range<Int>) -> Tensor { slice(0, range.lowerBound, range.upperBound) }
  /// A copy of the rows that `indices` (i64) names, along a dimension.
  public func rows(_ indices: Tensor, _ dimension: Int = 0) -> Tensor {
    Operators.indexSelect(.tensor(self), .int(dimension), .tensor(indices))
  }
  /// For each position of `indices` the element with that index along a dimension.
  public func gathered(_ dimension: Int, _ indices: Tensor) -> Tensor {
    Operators.gather(.tensor(self), .int(dimension), .tensor(indices))
  }
  /// The elements that index tensors (or a mask) name; nil takes a whole dimension.
  public func indexed(_ indices: [Tensor?]) -> Tensor {
    Operators.index(.tensor(self), .optionalTensors(indices))
  }
  /// A copy with `values` at the places that index tensors (or a mask) name.
  public func replacing(_ indices: [Tensor?], with values: Tensor) -> Tensor {
    Operators.indexPut(.tensor(self), .optionalTensors(indices), .tensor(values), .bool(false))
  }
  /// 1 at each element's index among `classes`, 0 elsewhere; i64.
  public func oneHot(_ classes: Int) -> Tensor { Operators.oneHot(.tensor(self), .int(classes)) }
  /// The indices of elements that are not zero, `[n, rank]`.
  public func nonZero() -> Tensor { Operators.nonzero(.tensor(self)) }
}

// In place: for optimisers, buffers and tests; never inside a graph.
extension Tensor {
  /// Overwrites the elements with those of another tensor.
  public func copyInPlace(from source: Tensor) { Operators.copyInPlace.run(.tensor(self), .tensor(source)) }
  /// Overwrites the elements with a number.
  public func fillInPlace(_ value: Double) { Operators.fillInPlace.run(.tensor(self), .double(value)) }
  /// Adds `scale` times another tensor.
  public func addInPlace(_ other: Tensor, scale: Double = 1) {
    // Tensors of integers take an integer only, and refuse 1.0 too.
    let factor = dtype.isFloatingPoint ? nil : Int(exactly: scale)
    Operators.addInPlace.run(.tensor(self), .tensor(other), factor.map { .int($0) } ?? .double(scale))
  }
  /// Multiplies by another tensor.
  public func multiplyInPlace(_ other: Tensor) { Operators.mulInPlace.run(.tensor(self), .tensor(other)) }
  /// Multiplies by a number.
  public func multiplyInPlace(_ factor: Double) { Operators.mulScalarInPlace.run(.tensor(self), .double(factor)) }
}
