import Torch

/// A method of test-time adaptation, which changes a model with unlabelled samples of the target.
///
/// An ``AdaptationLoop`` unfreezes ``tensors`` of the model and passes batch after batch to ``adapt(_:_:)``. Offline
/// these are epochs over the target, online the stream in its order, once. A method has no access to target values,
/// because none of its inputs contains any.
///
/// ```swift
/// final class EntropyMinimization: AdaptationMethod {
///   let name = "entropy"
///   let settings = AdaptationSettings()
///   let tensors = AdaptedTensors(.norms)
///
///   func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
///     session.form(dropout: true)
///     let logits = try session.pass(batch.inputs) { $0.prediction }
///     let entropy = -(logits.softmax(1) * logits.logSoftmax(1)).sum(1).mean()
///     return AdaptationStep(loss: try session.update(entropy), learned: batch.count)
///   }
/// }
/// ```
public protocol AdaptationMethod: AnyObject {
  /// Its name in ``AdaptationMethods``.
  var name: String { get }
  /// The settings that all methods have.
  var settings: AdaptationSettings { get }
  /// The tensors that the method changes. All others are frozen and get no gradients.
  var tensors: AdaptedTensors { get }
  /// A part that the method adds to the model, such as a map of its inputs; nil for a method that adds none.
  var attachment: (any Attachment)? { get }
  /// True if the method reads the model only through ``AdaptationSession/pass(_:_:)`` and the session's predictions.
  ///
  /// Its passes can then be divided, so only such a method adapts in several processes.
  var takesParts: Bool { get }
  /// Returns what a step depends on besides its batch, the model and ``state()``, for models of a task.
  func memory(for task: PredictionTask) -> AdaptationMemory
  /// The number of passes over the target, offline. It may change during the run.
  var epochs: Int { get }
  /// The current stage of learning, for logs.
  var stage: String { get }
  /// How far each modality's inputs have drifted, in standard deviations of the source; nil for a method that does not
  /// measure it. The loop reads it after each epoch, online after each batch.
  var inputDrift: [String: Double]? { get }
  /// Remarks on this method with this model for readers of the results.
  func notes(for model: MultimodalModel) -> [String]
  /// Prepares the method once before the first step, while the model is still the source.
  func begin(_ session: AdaptationSession) throws(Fault)
  /// The samples of the next epoch, offline; nil for all.
  func samples(_ session: AdaptationSession) -> [Int]?
  /// Learns from a batch.
  func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep
  /// Runs after each epoch with a good state, offline.
  func endEpoch(_ session: AdaptationSession) throws(Fault)
  /// Runs after a return to the last good state.
  /// - Returns: true if another stage can follow, offline. Otherwise the run ends.
  func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool
  /// Discards everything learned, for episodic adaptation. The model is the source again.
  func reset(_ session: AdaptationSession)
  /// The named tensors that the next step depends on.
  func state() -> [(key: String, tensor: Tensor)]
  /// Restores the tensors of ``state()``.
  func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault)
}

extension AdaptationMethod {
  /// Freezes all of a model but what the method adapts, and attaches the part that it adds.
  /// - Throws: `Fault(.usage)` if the model has nothing that the method adapts.
  func install(on model: MultimodalModel) throws(Fault) {
    try tensors.install(on: model, method: name)
    guard let attachment else { return }
    if !model.attachments.contains(where: { $0 === attachment }) { model.attach(attachment) }
    attachment.unfreeze()
  }

  /// Checks that the settings suit this way of running.
  /// - Throws: `Fault(.usage)` for episodic adaptation without a stream.
  func check(isOnline: Bool) throws(Fault) {
    guard isOnline || !settings.episodic else {
      throw Fault(
        .usage, "episodic adaptation needs a stream", key: "adaptation.episodic", found: "true, offline",
        expected: "online adaptation", remedy: "adapt online, or set adaptation.episodic to false")
    }
  }

  /// Default: the method adds no part.
  public var attachment: (any Attachment)? { nil }
  /// Default: false.
  public var takesParts: Bool { false }
  /// Default: earlier samples, because that is safe for every method.
  public func memory(for task: PredictionTask) -> AdaptationMemory { .samples }
  /// Default: the number in the settings.
  public var epochs: Int { settings.epochs }
  /// Default: the name of the method.
  public var stage: String { name }
  /// Default: the method does not measure it.
  public var inputDrift: [String: Double]? { nil }
  /// Default: no remarks.
  public func notes(for model: MultimodalModel) -> [String] { [] }
  /// Default: does nothing.
  public func begin(_ session: AdaptationSession) throws(Fault) {}
  /// Default: all samples.
  public func samples(_ session: AdaptationSession) -> [Int]? { nil }
  /// Default: does nothing.
  public func endEpoch(_ session: AdaptationSession) throws(Fault) {}
  /// Default: no other stage follows.
  public func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool { false }
  /// Default: does nothing.
  public func reset(_ session: AdaptationSession) {}
  /// Default: no tensors.
  public func state() -> [(key: String, tensor: Tensor)] { [] }
  /// Default: does nothing.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {}
}

/// The memory that a step of a method depends on, besides its batch, the model and ``AdaptationMethod/state()``.
///
/// Streams of requests take turns on one model (`polyphony serve --adapt`). They take every method that needs no other
/// samples than those of the batch.
public enum AdaptationMemory: Sendable {
  /// The step depends on nothing else.
  case nothing
  /// The step depends on what the session's optimizer remembers of earlier updates.
  case optimizer
  /// The step depends on samples outside the batch, such as earlier ones.
  case samples
}

/// A batch of samples to learn from. Every process of a group gets the whole batch.
public struct AdaptationBatch {
  /// The indices of the samples in the target.
  public let indices: [Int]
  /// The inputs of the model, on its device.
  public let inputs: Inputs
  /// The model's prediction before it learns from the batch, online; nil offline.
  public let prediction: Tensor?

  /// The number of samples.
  public var count: Int { indices.count }
}

/// The result of one step.
public struct AdaptationStep {
  /// The loss; nil if the step did not learn.
  public var loss: Double?
  /// The contrastive loss; nil for methods without one.
  public var contrast: Double?
  /// The number of samples that the step learned from.
  public var learned: Int

  /// Makes a result, without arguments that of a step that did not learn.
  public init(loss: Double? = nil, contrast: Double? = nil, learned: Int = 0) {
    (self.loss, self.contrast, self.learned) = (loss, contrast, learned)
  }
}
