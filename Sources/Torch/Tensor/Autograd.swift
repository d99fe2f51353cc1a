import CTorchInterface

extension Tensor {
  /// Whether operations on this tensor are recorded.
  public var requiresGradient: Bool { Door.table.requires_gradient(handle) }

  /// Turns recording on or off and returns the tensor; only for leaves of the graph.
  @discardableResult
  public func requiringGradient(_ value: Bool = true) -> Tensor {
    if let message = Door.message({ _ = Door.table.set_requires_gradient(handle, value, $0) }) { Door.fail(message) }
    return self
  }

  /// Whether this tensor was made by the user and not by an operation that is recorded.
  public var isLeaf: Bool { Door.table.is_leaf(handle) }

  /// The same memory outside the graph.
  public func detached() -> Tensor { Operators.detach(.tensor(self)) }

  /// What ``backward(_:retainGraph:)`` has added up so far for this leaf.
  public var gradient: Tensor? {
    get { Door.table.gradient(handle).map(Tensor.init(owning:)) }
    set {
      let message = Door.message { _ = Door.table.set_gradient(handle, newValue?.handle, $0) }
      if let message { Door.fail(message) }
    }
  }

  /// Adds the gradient of this tensor to every leaf that it depends on.
  /// - Parameters:
  ///   - seed: the gradient with respect to this tensor; may be left out for a scalar.
  ///   - retainGraph: keeps the graph for another pass backwards.
  public func backward(_ seed: Tensor? = nil, retainGraph: Bool = false) {
    let message = Door.message { _ = Door.table.backward(handle, seed?.handle, retainGraph, $0) }
    if let message { Door.fail("backward of \(self): \(message)") }
  }

  /// The gradient of this tensor with respect to chosen inputs; nil for an input that it does not depend on.
  /// - Parameters:
  ///   - inputs: what to differentiate by.
  ///   - seed: the gradient with respect to this tensor; may be left out for a scalar.
  ///   - retainGraph: keeps the graph for another pass backwards.
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

/// Runs `body` without recording operations. The switch belongs to the thread, hence no `await` inside.
public func noGrad<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = Door.table.gradient_mode()
  Door.table.set_gradient_mode(false)
  defer { Door.table.set_gradient_mode(before) }
  return try body()
}
