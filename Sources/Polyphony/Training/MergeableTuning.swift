import Torch

/// A tuning method that ``AdapterFolder/merge(_:base:to:)`` can write into the backbone's own tensors.
///
/// The method changes these tensors or reparametrizes them, and adds no computation of its own.
public protocol MergeableTuning: TuningMethod {}

extension StoredTensor {
  /// Appends `change` to the tensor's reparametrization. The layers then see `change` of the earlier reparametrization.
  func reparametrize(_ change: @escaping (Tensor) -> Tensor) {
    let before = reparametrization
    reparametrization = { change(before?($0) ?? $0) }
  }
}
