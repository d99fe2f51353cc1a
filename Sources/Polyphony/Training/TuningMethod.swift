import Torch

/// A method that trains a small part of a model, or a part beside it, and can be saved apart from the base.
///
/// Prompts, low-rank adapters and test-time adaptation are all of this kind: they freeze the base, unfreeze or add
/// some tensors, and what they train is what an adapter folder holds.
///
/// A method changes a model only through what `ModelState` knows: attachments, the tensors, gradient flags and
/// reparametrizations of stored tensors, and the adapters of encoder layers. So every method can be switched off and on
/// by an ``Installation``, without a line of its own for it.
public protocol TuningMethod: AnyObject {
  /// Freezes the base except for what is to be trained, and attaches what is added.
  /// - Throws: `Fault(.usage)` where the method cannot serve this model.
  func install(on model: MultimodalModel) throws(Fault)
  /// Learns from the training split what is no matter of gradients, such as means, and keeps it in buffers; after
  /// ``install(on:)`` and before training.
  func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault)
  /// What the method adds to a training step; nil for the task's loss alone. Asked for after ``install(on:)``.
  var stepHook: (any StepHook)? { get }
}

extension TuningMethod {
  /// Nothing.
  public func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault) {}
  /// None.
  public var stepHook: (any StepHook)? { nil }
}
