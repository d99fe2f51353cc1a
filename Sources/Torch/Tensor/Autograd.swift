import CTorchInterface

extension Tensor {
  /// True if operations on this tensor are recorded.
  public var requiresGradient: Bool { Door.table.requires_gradient(handle) }

  /// Turns recording on or off and returns the tensor. It must be a leaf of the graph.
  @discardableResult
  public func requiringGradient(_ value: Bool = true) -> Tensor {
    if let message = Door.message({ _ = Door.table.set_requires_gradient(handle, value, $0) }) { Door.fail(message) }
    return self
  }

  /// True if no recorded operation made this tensor.
  public var isLeaf: Bool { Door.table.is_leaf(handle) }

  /// Returns a tensor with the same memory outside the graph.
  public func detached() -> Tensor { Operators.detach(.tensor(self)) }

  /// The gradient that ``backward(_:retainGraph:)`` has accumulated for this leaf.
  public var gradient: Tensor? {
    get { Door.table.gradient(handle).map(Tensor.init(owning:)) }
    set {
      let message = Door.message { _ = Door.table.set_gradient(handle, newValue?.handle, $0) }
      if let message { Door.fail(message) }
    }
  }

  /// Adds the gradient of this tensor to every leaf that it depends on.
  /// - Parameters:
  ///   - seed: the gradient with respect to this tensor. A scalar needs none.
  ///   - retainGraph: keeps the graph for another backward pass.
  public func backward(_ seed: Tensor? = nil, retainGraph: Bool = false) {
    let message = Door.message { _ = Door.table.backward(handle, seed?.handle, retainGraph, $0) }
    if let message { Door.fail("backward of \(self): \(message)") }
  }

  /// Returns the gradient of this tensor with respect to each input. It is nil for an input without influence.
  /// - Parameters:
  ///   - inputs: the tensors by which to differentiate.
  ///   - seed: the gradient with respect to this tensor. A scalar needs none.
  ///   - retainGraph: keeps the graph for another backward pass.
  ///   - createGraph: records the computation of the gradients, for gradients of gradients.
  public func gradients(
    with inputs: [Tensor], seed: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false
  ) -> [Tensor?] {
    var results = [ctorch_tensor?](repeating: nil, count: inputs.count)
    let message = withExtendedLifetime(inputs) {
      Door.message { error in
        _ = Door.table.gradients(
          [handle], [seed?.handle], 1, inputs.map { $0.handle }, Int32(inputs.count), retainGraph, createGraph,
          &results, error)
      }
    }
    if let message { Door.fail("gradients of \(self): \(message)") }
    return results.map { $0.map(Tensor.init(owning:)) }
  }
}

/// Runs `body` without recording operations.
///
/// The switch belongs to the thread, so `body` cannot contain `await`.
///
/// ```swift
/// let evaluated = noGrad { model(x) }
/// print(evaluated.requiresGradient)  // false
/// ```
public func noGrad<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = Door.table.gradient_mode()
  Door.table.set_gradient_mode(false)
  defer { Door.table.set_gradient_mode(before) }
  return try body()
}
