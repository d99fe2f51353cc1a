import Torch

/// The result of an adaptation, besides the model.
///
/// ```swift
/// let evaluation = try Evaluation(outcome.prediction, target, task: task, loss: TaskLoss(task))
/// print(evaluation.loss, outcome.parameters.adapted, outcome.returns.count)
/// ```
public struct AdaptationOutcome {
  /// The method's name.
  public var method: String
  /// True for a stream, which brings each sample once, in order.
  public var isOnline: Bool
  /// The predictions of the target for evaluation, `[N, outputs]`.
  ///
  /// Offline they are those of the adapted model. Online they are those of each batch before the model learns from it.
  /// In episodic adaptation they are those after it, because the model before it is always the source.
  public var prediction: Tensor
  /// The prediction of each batch after the model has learned from it; nil offline.
  public var updated: Tensor?
  /// The source's predictions; nil offline.
  public var source: Tensor?
  /// The selected stable samples, offline; nil for methods without a selection.
  public var selected: [Int]?
  /// The predictions of all samples in the course of an offline adaptation, the basis of the selection.
  public var snapshots: SnapshotLedger?
  /// The share of samples to select.
  public var share: Double?
  /// One record per epoch; online one per batch.
  public var records: [AdaptationRecord]
  /// Every return to the last good state.
  public var returns: [CollapseRecord]
  /// Remarks for readers of the results.
  public var notes: [String]
  /// The number of elements of all parameters, and of those that are adapted.
  public var parameters: (total: Int, adapted: Int)
  /// True after a stop request before the end.
  public var wasStopped: Bool
}

/// The figures of an epoch, or of a batch online.
public struct AdaptationRecord: Codable, Equatable, Sendable {
  /// The epoch, counted from 1; 1 online.
  public var epoch: Int
  /// The number of steps of the run so far.
  public var step: Int
  /// The stage of learning.
  public var stage: String
  /// The mean loss; nil if nothing was learned.
  public var loss: Double?
  /// The number of samples that the model learned from.
  public var learned: Int
  /// The relative distance of the parameters from the source's, ‖θ − θ₀‖ / ‖θ₀‖.
  public var drift: Double
  /// How far each modality's inputs have drifted, in standard deviations of the source; nil for a method that does not
  /// measure it.
  public var inputDrift: [String: Double]?

  /// The figures by name, for logs.
  public var values: MetricValues {
    var values: MetricValues = ["adapt/loss": loss, "adapt/learned": Double(learned), "adapt/drift": drift]
    for (name, value) in (inputDrift ?? [:]).sorted(by: { $0.key < $1.key }) { values["input_drift/\(name)"] = value }
    return values
  }
}

/// An observer of an adaptation, such as a progress bar or a log.
///
/// ```swift
/// final class LossPrinter: AdaptationObserver {
///   func didEnd(_ record: AdaptationRecord) { print(record.epoch, record.loss ?? .nan) }
/// }
/// ```
public protocol AdaptationObserver: AnyObject {
  /// Runs before the first step. A resumed run has made some steps already.
  func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) throws(Fault)
  /// Runs after each step, with its place among the steps of the epoch and the epochs of the run.
  func didStep(epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double?)
  /// Runs after each epoch, online after each batch.
  func didEnd(_ record: AdaptationRecord) throws(Fault)
  /// Runs after a return to the last good state.
  func didReturn(_ report: CollapseRecord) throws(Fault)
}

extension AdaptationObserver {
  /// Default: does nothing.
  public func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) throws(Fault) {}
  /// Default: does nothing.
  public func didStep(epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double?) {}
  /// Default: does nothing.
  public func didEnd(_ record: AdaptationRecord) throws(Fault) {}
  /// Default: does nothing.
  public func didReturn(_ report: CollapseRecord) throws(Fault) {}
}
