extension Tensor {
  /// Returns the elements in row-major order. They are converted if the tensor has another type.
  public func array<Element: TensorScalar>(of type: Element.Type = Element.self) -> [Element] {
    let source = noGrad { detached().to(.cpu).to(Element.dtype).contiguous() }
    let count = source.count
    guard count > 0 else { return [] }
    return withExtendedLifetime(source) {
      Array(UnsafeBufferPointer(start: source.data.assumingMemoryBound(to: Element.self), count: count))
    }
  }

  /// The elements as `Float`.
  public var floats: [Float] { array(of: Float.self) }

  /// The elements as `Double`.
  public var doubles: [Double] { array(of: Double.self) }

  /// The elements as `Int`.
  public var integers: [Int] { array(of: Int.self) }

  /// The element of a tensor that has only one.
  public var item: Double {
    let elements = array(of: Double.self)
    guard elements.count == 1 else { Door.fail("item of a tensor of shape \(shape)") }
    return elements[0]
  }

  /// Calls `body` with the bytes of the elements in row-major order.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let source = noGrad { detached().to(.cpu).contiguous() }
    return try withExtendedLifetime(source) {
      try body(UnsafeRawBufferPointer(start: source.data, count: source.count * source.dtype.byteCount))
    }
  }

  /// True if every element is a finite number.
  ///
  /// The test runs block by block, because libtorch's operator makes several tensors of its argument's size.
  public var isFinite: Bool {
    func holds(_ part: Tensor) -> Bool { Operators.all(.tensor(Operators.isfinite(.tensor(part)))).item != 0 }
    return rank == 0 ? holds(self) : blocks.allSatisfy { holds(self[$0]) }
  }

  /// Ranges of the first axis that hold about four million elements each.
  ///
  /// They serve work whose intermediate results would be too large for the whole tensor.
  package var blocks: [Range<Int>] {
    let rows = max(1, (1 << 22) / max(1, shape.dropFirst().reduce(1, *)))
    return stride(from: 0, to: size(0), by: rows).map { $0..<min($0 + rows, size(0)) }
  }
}
