import Torch

/// A method that trains a small part of a model, or a part beside it. The trained part is saved apart from the base.
///
/// Prompts, low-rank adapters and test-time adaptation are such methods. They freeze the base, and unfreeze or add some
/// tensors. An adapter folder holds the trained tensors.
///
/// A method may change attachments, the tensors, gradient flags and reparametrizations of stored tensors, and the
/// adapters of encoder layers. `ModelState` records exactly these. So an ``Installation`` can switch every method off
/// and on, without code in the method.
///
/// ```swift
/// final class OutputBiasTuning: TuningMethod {
///   func install(on model: MultimodalModel) throws(Fault) {
///     model.backbone.freeze()
///     model.backbone.unfreeze { $0 == "out_layer.bias" }
///   }
/// }
/// ```
public protocol TuningMethod: AnyObject {
  /// Freezes the base except for the tensors to train, and attaches the added parts.
  /// - Throws: `Fault(.usage)` for a model that the method does not fit.
  func install(on model: MultimodalModel) throws(Fault)
  /// Computes values without gradients from the training split, such as means, and keeps them in buffers.
  ///
  /// A run calls it after ``install(on:)`` and before training.
  func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault)
  /// True if ``install(on:)`` runs the model, as a probe of its shapes does. Such a model needs real tensors.
  var runsModelToInstall: Bool { get }
  /// The hook of the method in a training step, read after ``install(on:)``. Nil for the task's loss alone.
  var stepHook: (any StepHook)? { get }
}

extension TuningMethod {
  /// Default: does nothing.
  public func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault) {}
  /// Default: false.
  public var runsModelToInstall: Bool { false }
  /// Default: no hook.
  public var stepHook: (any StepHook)? { nil }
}
