extension Tensor {
  /// Returns a view of the same memory with another shape. One size may be −1.
  public func view(_ shape: Int...) -> Tensor { Operators.view(.tensor(self), .ints(shape)) }
  /// Returns the elements with another shape, as a copy if memory does not allow a view. One size may be −1.
  public func reshaped(_ shape: Int...) -> Tensor { reshaped(to: shape) }
  /// Returns the elements with another shape, as a copy if memory does not allow a view. One size may be −1.
  public func reshaped(to shape: [Int]) -> Tensor { Operators.reshape(.tensor(self), .ints(shape)) }
  /// Returns a view that repeats dimensions of size 1 without copying. −1 keeps a size.
  public func expanded(_ shape: Int...) -> Tensor { expanded(to: shape) }
  /// Returns a view that repeats dimensions of size 1 without copying. −1 keeps a size.
  public func expanded(to shape: [Int]) -> Tensor { Operators.expand(.tensor(self), .ints(shape)) }
  /// Returns a view with the dimensions in another order.
  public func permuted(_ order: Int...) -> Tensor { permuted(to: order) }
  /// Returns a view with the dimensions in another order.
  public func permuted(to order: [Int]) -> Tensor { Operators.permute(.tensor(self), .ints(order)) }
  /// Returns a view with two dimensions exchanged.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    Operators.transpose(.tensor(self), .int(first), .int(second))
  }
  /// Returns a view with a new dimension of size 1.
  public func unsqueezed(_ dimension: Int) -> Tensor { Operators.unsqueeze(.tensor(self), .int(dimension)) }
  /// Returns a view without a dimension of size 1.
  public func squeezed(_ dimension: Int) -> Tensor { Operators.squeeze(.tensor(self), .int(dimension)) }
  /// Joins the dimensions from `start` to `end` into one.
  public func flattened(_ start: Int = 0, _ end: Int = -1) -> Tensor {
    Operators.flatten(.tensor(self), .int(start), .int(end))
  }
  /// Returns the elements in row-major order without gaps. Returns `self` if they are already so.
  public func contiguous() -> Tensor { isContiguous ? self : Operators.contiguous(.tensor(self)) }
  /// Returns a copy with its own memory, as a node of the autograd graph.
  public func copy() -> Tensor { Operators.clone(.tensor(self)) }
  /// Adds zeros (or `value`) before and after the last dimensions. As in libtorch, the widths start at the last
  /// dimension.
  public func padded(_ widths: [Int], value: Double = 0) -> Tensor {
    Operators.pad(.tensor(self), .ints(widths), .double(value))
  }
  /// Reverses the elements along dimensions.
  public func flipped(_ dimensions: Int...) -> Tensor { Operators.flip(.tensor(self), .ints(dimensions)) }
  /// Keeps the elements on and above a diagonal, and sets the others to zero.
  public func upperTriangle(_ diagonal: Int = 0) -> Tensor { Operators.triu(.tensor(self), .int(diagonal)) }

  /// Joins tensors one after another along a dimension.
  public static func concatenated(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
    tensors.count == 1 ? tensors[0] : Operators.cat(.tensors(tensors), .int(dimension))
  }
  /// Joins tensors along a new dimension.
  public static func stacked(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
    Operators.stack(.tensors(tensors), .int(dimension))
  }
  /// Returns views of consecutive pieces along a dimension.
  public func split(_ sizes: [Int], _ dimension: Int = 0) -> [Tensor] {
    Operators.splitSizes.list(.tensor(self), .ints(sizes), .int(dimension))
  }

  /// Converts the elements to another type. Returns `self` if they already have it.
  public func to(_ dtype: DType) -> Tensor {
    dtype == self.dtype ? self : Operators.to(.tensor(self), .device(device), .dtype(dtype))
  }
  /// Copies the elements to another device. Returns `self` if they are already there.
  public func to(_ device: Device) -> Tensor {
    device == self.device ? self : Operators.to(.tensor(self), .device(device), .dtype(dtype))
  }
}

// Indexing
extension Tensor {
  /// Returns a view of one index along a dimension, and removes that dimension.
  public func select(_ dimension: Int, _ index: Int) -> Tensor {
    Operators.select(.tensor(self), .int(dimension), .int(index))
  }
  /// Returns a view of a range along a dimension. Negative bounds count from the end.
  public func slice(_ dimension: Int, _ start: Int, _ end: Int? = nil) -> Tensor {
    Operators.slice(.tensor(self), .int(dimension), .int(start), end.map { .int($0) } ?? .none, .int(1))
  }
  /// Returns a view of one index along the first dimension.
  public subscript(index: Int) -> Tensor { select(0, index) }
  /// Returns a view of a range along the first dimension.
  public subscript(range: Range<Int>) -> Tensor { slice(0, range.lowerBound, range.upperBound) }
  /// Copies the slices along a dimension whose numbers `indices` (i64) lists.
  public func rows(_ indices: Tensor, _ dimension: Int = 0) -> Tensor {
    Operators.indexSelect(.tensor(self), .int(dimension), .tensor(indices))
  }
  /// Takes, for each position of `indices`, the element with that index along a dimension.
  public func gathered(_ dimension: Int, _ indices: Tensor) -> Tensor {
    Operators.gather(.tensor(self), .int(dimension), .tensor(indices))
  }
  /// Takes the elements that index tensors (or a mask) select. A nil selects a whole dimension.
  public func indexed(_ indices: [Tensor?]) -> Tensor {
    Operators.index(.tensor(self), .optionalTensors(indices))
  }
  /// Returns a copy with `values` at the places that index tensors (or a mask) select.
  public func replacing(_ indices: [Tensor?], with values: Tensor) -> Tensor {
    Operators.indexPut(.tensor(self), .optionalTensors(indices), .tensor(values), .bool(false))
  }
  /// Encodes each element as 1 at its index among `classes` and 0 elsewhere, as i64.
  public func oneHot(_ classes: Int) -> Tensor { Operators.oneHot(.tensor(self), .int(classes)) }
  /// Returns the indices of elements that are not zero, `[n, rank]`.
  public func nonZero() -> Tensor { Operators.nonzero(.tensor(self)) }
}

// In-place operations are for optimisers, buffers and tests. They must not run inside a graph.
extension Tensor {
  /// Overwrites the elements with those of another tensor.
  public func copyInPlace(from source: Tensor) { Operators.copyInPlace.run(.tensor(self), .tensor(source)) }
  /// Overwrites the elements with a number.
  public func fillInPlace(_ value: Double) { Operators.fillInPlace.run(.tensor(self), .double(value)) }
  /// Adds `scale` times another tensor.
  public func addInPlace(_ other: Tensor, scale: Double = 1) {
    // Integer tensors take only an integer and refuse even 1.0.
    let factor = dtype.isFloatingPoint ? nil : Int(exactly: scale)
    Operators.addInPlace.run(.tensor(self), .tensor(other), factor.map { .int($0) } ?? .double(scale))
  }
  /// Multiplies by another tensor.
  public func multiplyInPlace(_ other: Tensor) { Operators.mulInPlace.run(.tensor(self), .tensor(other)) }
  /// Multiplies by a number.
  public func multiplyInPlace(_ factor: Double) { Operators.mulScalarInPlace.run(.tensor(self), .double(factor)) }
}
