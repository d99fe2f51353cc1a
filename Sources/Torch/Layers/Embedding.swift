/// A table of vectors, one for each number from 0 to `count` − 1.
public final class Embedding: Module {
  /// The vectors, `[count, width]`.
  @Parameter public var weight: Tensor
  /// The number whose vector gets no gradient, if there is one.
  public let padding: Int?

  /// Makes a table with values from the standard normal distribution.
  public init(_ count: Int, _ width: Int, padding: Int? = nil) {
    self.padding = padding
    super.init()
    weight = .normal([count, width])
  }

  /// Looks up numbers `[…]` (i64), which must be in the table, and returns `[…, width]`.
  public func callAsFunction(_ numbers: Tensor) -> Tensor {
    // The backward pass adds the looked-up rows to a gradient that an optimiser holds. Without one it makes a gradient
    // of the whole table, which takes longer than a layer for 30,000 words.
    let isHeld = weight.isLeaf && weight.gradient != nil
    return Operators.embedding(
      .tensor(weight), .tensor(numbers), .int(padding ?? -1), .bool(false), .bool(isHeld))
  }
}
