import Torch

/// An adaptation as a tuning method: which tensors it has changed, for an adapter folder to put them back.
///
/// It changes tensors of the base and adds nothing, so it can be merged.
final class AdaptedTuning: MergeableTuning {
  private let name: String
  private let tensors: AdaptedTensors

  init(name: String, tensors: AdaptedTensors) { (self.name, self.tensors) = (name, tensors) }

  func install(on model: MultimodalModel) throws(Fault) { try tensors.install(on: model, method: name) }
}
