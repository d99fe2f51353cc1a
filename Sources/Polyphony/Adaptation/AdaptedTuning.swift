import Torch

/// An adaptation in the form of a tuning method, so that an adapter folder can restore the tensors that it changed.
///
/// It changes tensors of the base and adds none, so it can be merged.
final class AdaptedTuning: MergeableTuning {
  private let name: String
  private let tensors: AdaptedTensors

  init(name: String, tensors: AdaptedTensors) { (self.name, self.tensors) = (name, tensors) }

  func install(on model: MultimodalModel) throws(Fault) { try tensors.install(on: model, method: name) }
}
