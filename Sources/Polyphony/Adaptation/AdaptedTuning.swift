import Torch

/// An adaptation in the form of a tuning method, so that an adapter folder can restore what it changed and added.
class AdaptedTuning: TuningMethod {
  private let method: any AdaptationMethod

  /// Wraps a method. One that adds no part can be merged.
  static func wrapping(_ method: any AdaptationMethod) -> any TuningMethod {
    method.attachment == nil ? MergeableAdaptedTuning(method) : AdaptedTuning(method)
  }

  fileprivate init(_ method: any AdaptationMethod) { self.method = method }

  func install(on model: MultimodalModel) throws(Fault) { try method.install(on: model) }
}

/// An adaptation that changes tensors of the base and adds none.
private final class MergeableAdaptedTuning: AdaptedTuning, MergeableTuning {}
