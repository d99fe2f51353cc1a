import Torch

/// A method of test-time adaptation: it changes a model by unlabelled samples of the target.
///
/// The loop (``AdaptationLoop``) configures the model by ``tensors``, collects the parameters that require gradients, and
/// gives the method batch after batch: offline in epochs over the target, online once in the order of the stream. No
/// target value can reach a method: nothing that it is given has any.
public protocol AdaptationMethod: AnyObject {
  /// Its name in ``AdaptationMethods``.
  var name: String { get }
  /// What all methods have in common.
  var settings: AdaptationSettings { get }
  /// What it changes; everything else is frozen and gets no gradients.
  var tensors: AdaptedTensors { get }
  /// Passes over the target, offline; may become known only on the way.
  var epochs: Int { get }
  /// What is being learned now, for logs.
  var stage: String { get }
  /// What a reader of the results has to know about this method on this model.
  func notes(for model: MultimodalModel) -> [String]
  /// Called once before the first step; the model is the source.
  func begin(_ session: AdaptationSession) throws(Fault)
  /// The samples of the coming epoch, offline; nil for all.
  func samples(_ session: AdaptationSession) -> [Int]?
  /// Learns from a batch.
  func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep
  /// Called after each epoch whose state is good, offline.
  func endEpoch(_ session: AdaptationSession) throws(Fault)
  /// Called after a return to the last good state.
  /// - Returns: whether there is something else to be learned, offline; the run ends otherwise.
  func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool
  /// Forgets all that it has learned; the model is the source again (episodic adaptation).
  func reset(_ session: AdaptationSession)
  /// Tensors that the next step depends on, by name.
  func state() -> [(key: String, tensor: Tensor)]
  /// Takes over what ``state()`` gave.
  func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault)
}

extension AdaptationMethod {
  /// Refuses settings that make no sense for this way of running.
  /// - Throws: `Fault(.usage)`.
  func check(isOnline: Bool) throws(Fault) {
    guard isOnline || !settings.episodic else {
      throw Fault(
        .usage, "episodic adaptation needs a stream", key: "adaptation.episodic", found: "true, offline",
        expected: "online adaptation", remedy: "adapt online, or set adaptation.episodic to false")
    }
  }

  /// The number in the settings.
  public var epochs: Int { settings.epochs }
  /// The name.
  public var stage: String { name }
  /// None.
  public func notes(for model: MultimodalModel) -> [String] { [] }
  /// Nothing.
  public func begin(_ session: AdaptationSession) throws(Fault) {}
  /// All.
  public func samples(_ session: AdaptationSession) -> [Int]? { nil }
  /// Nothing.
  public func endEpoch(_ session: AdaptationSession) throws(Fault) {}
  /// Nothing else.
  public func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool { false }
  /// Nothing.
  public func reset(_ session: AdaptationSession) {}
  /// None.
  public func state() -> [(key: String, tensor: Tensor)] { [] }
  /// Nothing.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {}
}

/// Samples to learn from.
public struct AdaptationBatch {
  /// Their places in the target.
  public let indices: [Int]
  /// What the model sees of them, on its device.
  public let inputs: Inputs
  /// What the model said of them before it learned from them, online; nil offline.
  public let prediction: Tensor?

  /// The number of samples.
  public var count: Int { indices.count }
}

/// What came of a step.
public struct AdaptationStep {
  /// The loss; nil where nothing was to be learned.
  public var loss: Double?
  /// The contrastive loss, of methods that have one.
  public var contrast: Double?
  /// The samples that were learned from.
  public var learned: Int

  /// What came of a step; without arguments nothing.
  public init(loss: Double? = nil, contrast: Double? = nil, learned: Int = 0) {
    (self.loss, self.contrast, self.learned) = (loss, contrast, learned)
  }
}
