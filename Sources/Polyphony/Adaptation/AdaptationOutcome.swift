import Torch

/// What an adaptation came to, besides the model.
public struct AdaptationOutcome {
  /// The method's name.
  public var method: String
  /// Whether samples came once, in their order.
  public var isOnline: Bool
  /// What is to be reported of the target, `[N, outputs]`: offline what the adapted model says, online what it said of
  /// each batch before it learned from it (episodic: after, because before it is always the source).
  public var prediction: Tensor
  /// Online: what the model said of each batch after it had learned from it.
  public var updated: Tensor?
  /// Online: what the source says.
  public var source: Tensor?
  /// The samples that were chosen as stable, of methods that choose, offline.
  public var selected: [Int]?
  /// What they were chosen by: the predictions of all samples in the course of the adaptation, offline.
  public var snapshots: SnapshotLedger?
  /// The share of samples that was to be chosen.
  public var share: Double?
  /// One record per epoch; online one per batch.
  public var records: [AdaptationRecord]
  /// Every return to the last good state.
  public var returns: [CollapseRecord]
  /// What a reader of the results has to know.
  public var notes: [String]
  /// The number of elements of all parameters, and of those that are adapted.
  public var parameters: (total: Int, adapted: Int)
  /// Whether a stop was asked for before the end.
  public var wasStopped: Bool
}

/// An epoch of adaptation, or a batch of an online one.
public struct AdaptationRecord: Codable, Equatable, Sendable {
  /// The epoch, counted from 1; 1 online.
  public var epoch: Int
  /// Steps of the run so far.
  public var step: Int
  /// What was learned.
  public var stage: String
  /// The mean loss; nil where nothing was learned.
  public var loss: Double?
  /// The samples that were learned from.
  public var learned: Int
  /// ‖θ − θ₀‖ / ‖θ₀‖.
  public var drift: Double

  /// All numbers by name: what a log holds.
  public var values: MetricValues {
    ["adapt/loss": loss, "adapt/learned": Double(learned), "adapt/drift": drift]
  }
}

/// Somebody who watches an adaptation: a progress bar, a log.
public protocol AdaptationObserver: AnyObject {
  /// Before the first step; a resumed run has made some already.
  func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) throws(Fault)
  /// After each step: of so many in this epoch, and epochs of so many.
  func didStep(epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double?)
  /// After each epoch, online after each batch.
  func didEnd(_ record: AdaptationRecord) throws(Fault)
  /// After a return to the last good state.
  func didReturn(_ report: CollapseRecord) throws(Fault)
}

extension AdaptationObserver {
  /// Nothing.
  public func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) throws(Fault) {}
  /// Nothing.
  public func didStep(epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double?) {}
  /// Nothing.
  public func didEnd(_ record: AdaptationRecord) throws(Fault) {}
  /// Nothing.
  public func didReturn(_ report: CollapseRecord) throws(Fault) {}
}
