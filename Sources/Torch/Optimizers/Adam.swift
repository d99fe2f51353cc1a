/// Adam (Kingma & Ba 2015), or AdamW with decoupled weight decay (Loshchilov & Hutter 2019).
///
/// m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η · m̂ / (√v̂ + ε), where m̂ and v̂ are corrected for their start
/// at 0. Adam adds λθ to g. AdamW multiplies θ by 1 − ηλ instead.
///
/// ```swift
/// let group = ParameterGroup("all", model.trainableParameters(), learningRate: 1e-3)
/// let optimizer = Adam([group], decoupled: true)
/// for (x, y) in batches {
///   optimizer.zeroGradients()
///   model(x).crossEntropy(y).backward()
///   optimizer.clipGradients(norm: 1)
///   optimizer.step()
/// }
/// ```
public final class Adam: Optimizer {
  /// The parameter groups that the optimiser changes.
  public let groups: [ParameterGroup]
  let beta1: Double
  let beta2: Double
  let epsilon: Double
  let decoupled: Bool
  private let moments: [(first: Tensor, second: Tensor, step: Tensor)]

  /// Makes an optimiser with PyTorch's defaults. `decoupled` makes it AdamW.
  public init(
    _ groups: [ParameterGroup], beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    decoupled: Bool = false
  ) {
    (self.groups, self.beta1, self.beta2, self.epsilon, self.decoupled) = (groups, beta1, beta2, epsilon, decoupled)
    moments = groups.map {
      let values = $0.parameters.values
      return (values.zerosLike(), values.zerosLike(), .zeros([], device: values.device))
    }
  }

  /// Updates every group once.
  public func step() {
    for (group, state) in zip(groups, moments) where group.parameters.values.count > 0 {
      noGrad {
        state.step.addInPlace(Tensor(1).to(state.step.device))
        (decoupled ? Operators.fusedAdamW : Operators.fusedAdam).run(
          .tensors([group.parameters.values]), .tensors([group.parameters.gradients]), .tensors([state.first]),
          .tensors([state.second]), .tensors([]), .tensors([state.step]), .double(group.learningRate),
          .double(beta1), .double(beta2), .double(group.weightDecay), .double(epsilon), .bool(false), .bool(false))
      }
    }
  }

  /// Returns the moments and step counts.
  public func state() -> [(key: String, tensor: Tensor)] {
    moments.enumerated().flatMap { index, state in
      [
        ("group.\(index).exp_avg", state.first), ("group.\(index).exp_avg_sq", state.second),
        ("group.\(index).step", state.step),
      ]
    }
  }

  /// Restores a state that ``state()`` returned.
  public func load(_ saved: [String: Tensor], file: String?) throws(Fault) {
    try load(saved, into: state(), file: file)
  }
}
