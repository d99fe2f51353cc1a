import Torch

/// A tuning method whose effect can be written into the backbone's own tensors: it changes them, or how they are seen,
/// and adds nothing to what is computed.
public protocol MergeableTuning: TuningMethod {}

extension StoredTensor {
  /// Lets layers see `change` of the tensor, after what they see of it already.
  func reparametrize(_ change: @escaping (Tensor) -> Tensor) {
    let before = reparametrization
    reparametrization = { change(before?($0) ?? $0) }
  }
}
