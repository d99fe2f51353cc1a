/// A set of parameters that share a learning rate and a weight decay.
public final class ParameterGroup {
  /// A name for logs, such as `encoder.text`.
  public let name: String
  /// The parameters.
  public let parameters: FlatParameters
  /// The step size. Schedules change it between steps.
  public var learningRate: Double
  /// The weight decay λ.
  public var weightDecay: Double

  /// Copies `members` into a block of their own.
  public init(
    _ name: String = "all", _ members: [(key: String, storage: StoredTensor)], learningRate: Double,
    weightDecay: Double = 0
  ) {
    self.name = name
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    parameters = FlatParameters(members)
  }
}

/// An algorithm that changes parameters along their gradients.
public protocol Optimizer: AnyObject {
  /// The parameter groups that the optimiser changes.
  var groups: [ParameterGroup] { get }
  /// Updates every group once from the accumulated gradients.
  func step()
  /// Returns the tensors, by name, that determine the next step besides parameters and gradients.
  func state() -> [(key: String, tensor: Tensor)]
  /// Restores a state that ``state()`` returned.
  /// - Throws: `Fault` of kind `badData` if names or shapes differ.
  func load(_ state: [String: Tensor], file: String?) throws(Fault)
}

extension Optimizer {
  /// Sets all gradients to zero.
  public func zeroGradients() { for group in groups { group.parameters.zeroGradients() } }

  /// Scales all gradients so that their common Euclidean norm is at most `maximum`, and returns the norm before.
  ///
  /// g ← g · min(1, maximum / (‖g‖ + 1e-6)), as in PyTorch's `clip_grad_norm_`.
  @discardableResult
  public func clipGradients(norm maximum: Double) -> Tensor {
    let gradients = groups.map(\.parameters.gradients)
    return noGrad {
      let norm = gradients.count == 1 ? gradients[0].norm() : Tensor.stacked(gradients.map { $0.norm() }).norm()
      let factor = (maximum / (norm + 1e-6)).clamped(nil, 1)
      for gradient in gradients { gradient.multiplyInPlace(factor) }
      return norm
    }
  }

  /// Copies saved tensors into this optimiser's own.
  func load(_ saved: [String: Tensor], into own: [(key: String, tensor: Tensor)], file: String?) throws(Fault) {
    for (key, tensor) in own {
      guard let source = saved[key], source.shape == tensor.shape else {
        throw Fault(
          .badData, "the saved optimizer does not fit this model", file: file, key: key,
          found: saved[key]?.description ?? "no such tensor", expected: tensor.description,
          remedy: "resume with the recipe that the run was started with")
      }
    }
    if let extra = Set(saved.keys).subtracting(own.map(\.key)).min() {
      throw Fault(
        .badData, "the saved optimizer does not fit this model", file: file, key: extra,
        found: saved[extra]!.description, expected: "no such tensor",
        remedy: "resume with the recipe that the run was started with")
    }
    noGrad { for (key, tensor) in own { tensor.copyInPlace(from: saved[key]!) } }
  }
}
