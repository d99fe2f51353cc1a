/// Stochastic gradient descent with momentum (Polyak), optionally in Nesterov's form.
///
/// b ← μb + g + λθ (b = g + λθ at the first step), then θ ← θ − ηb. Nesterov's form uses θ ← θ − η(g + λθ + μb).
///
/// ```swift
/// let group = ParameterGroup("all", model.trainableParameters(), learningRate: 0.1, weightDecay: 1e-4)
/// let optimizer = SGD([group], momentum: 0.9, nesterov: true)
/// model(x).crossEntropy(y).backward()
/// optimizer.step()
/// ```
public final class SGD: Optimizer {
  /// The parameter groups that the optimiser changes.
  public let groups: [ParameterGroup]
  let momentum: Double
  let nesterov: Bool
  private let buffers: [Tensor]
  private let started = Tensor.zeros([])

  /// Makes an optimiser like PyTorch's `SGD` without dampening.
  public init(_ groups: [ParameterGroup], momentum: Double = 0, nesterov: Bool = false) {
    (self.groups, self.momentum, self.nesterov) = (groups, momentum, nesterov)
    buffers = groups.map { $0.parameters.values.zerosLike() }
  }

  /// Updates every group once.
  public func step() {
    let first = started.item == 0
    for (group, buffer) in zip(groups, buffers) where group.parameters.values.count > 0 {
      noGrad {
        Operators.fusedSGD.run(
          .tensors([group.parameters.values]), .tensors([group.parameters.gradients]),
          .tensors(momentum == 0 ? [] : [buffer]), .double(group.weightDecay), .double(momentum),
          .double(group.learningRate), .double(0), .bool(nesterov), .bool(false), .bool(first))
      }
    }
    started.fillInPlace(1)
  }

  /// Returns the momentum buffers, and a flag that is 1 after the first step.
  public func state() -> [(key: String, tensor: Tensor)] {
    buffers.enumerated().map { ("group.\($0.offset).momentum", $0.element) } + [("started", started)]
  }

  /// Restores a state that ``state()`` returned.
  public func load(_ saved: [String: Tensor], file: String?) throws(Fault) {
    try load(saved, into: state(), file: file)
  }
}
