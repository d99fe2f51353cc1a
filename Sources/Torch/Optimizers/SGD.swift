/// Stochastic gradient descent with momentum (Polyak; Nesterov's form on demand).
///
/// b ← μb + g + λθ (b = g + λθ at the first step), θ ← θ − ηb; Nesterov: θ ← θ − η(g + λθ + μb).
public final class SGD: Optimizer {
  /// What is updated.
  public let groups: [ParameterGroup]
  let momentum: Double
  let nesterov: Bool
  private let buffers: [Tensor]
  private let started = Tensor.zeros([])

  /// An optimiser as PyTorch's `SGD`, without dampening.
  public init(_ groups: [ParameterGroup], momentum: Double = 0, nesterov: Bool = false) {
    (self.groups, self.momentum, self.nesterov) = (groups, momentum, nesterov)
    buffers = groups.map { $0.parameters.values.zerosLike() }
  }

  /// One update.
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

  /// Momentum buffers, and whether a step has been made.
  public func state() -> [(key: String, tensor: Tensor)] {
    buffers.enumerated().map { ("group.\($0.offset).momentum", $0.element) } + [("started", started)]
  }

  /// Takes over what ``state()`` gave.
  public func load(_ saved: [String: Tensor], file: String?) throws(Fault) {
    try load(saved, into: state(), file: file)
  }
}
