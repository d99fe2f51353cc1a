import Torch

/// The settings of CASP beyond those that all methods have.
public struct CASPSettings: Equatable, Sendable {
  /// τ of the contrastive loss.
  public var temperature = 0.5
  /// The probability that the augmented copy of a sample lacks a modality.
  public var dropRate = 1.0
  /// Epochs of the first stage, offline.
  public var contrastEpochs = 15
  /// Epochs between two snapshots of all predictions; one is taken before the first epoch too.
  public var snapshotInterval = 3
  /// q: the share of samples that is taken for stable.
  public var share = 0.05
  /// Epochs of the second stage, offline.
  public var pseudoEpochs = 5
  /// Batches whose predictions are followed, online.
  public var window = 8
  /// Batches from one update on pseudo-labels to the next, online; nil for ``window``, so that each such update is of
  /// another window. Offline the second stage takes a sixtieth of the samples that the first takes; as many updates as
  /// contrast has batches would hold predictions where they were, and undo what contrast learns.
  public var pseudoInterval: Int?
  /// Updates on pseudo-labels at a time, online.
  public var pseudoSteps = 1

  /// The published numbers.
  public init() {}

  /// Reads them.
  /// - Throws: `Fault(.usage)` also where the epochs leave room for one snapshot only.
  public init(_ reader: SettingsReader) throws(Fault) {
    self.init()
    temperature = try reader.double("temperature", default: temperature, in: Above(0))
    dropRate = try reader.double("drop_rate", default: dropRate, in: 0...1)
    contrastEpochs = try reader.int("contrast_epochs", default: contrastEpochs, in: 1...)
    snapshotInterval = try reader.int("snapshot_interval", default: snapshotInterval, in: 1...)
    share = try reader.double("share", default: share, in: 0...1)
    pseudoEpochs = try reader.int("pseudo_epochs", default: pseudoEpochs, in: 1...)
    window = try reader.int("window", default: window, in: 1...)
    pseudoInterval = try reader.optional("pseudo_interval", .int(in: 1...))
    pseudoSteps = try reader.int("pseudo_steps", default: pseudoSteps, in: 1...)
    guard snapshotInterval <= contrastEpochs else {
      throw reader.fault(
        "stability needs two snapshots", key: "snapshot_interval",
        expected: "at most contrast_epochs, which is \(contrastEpochs)")
    }
  }

  /// n of the stability: the snapshots that the first stage takes.
  public var snapshots: Int { 1 + contrastEpochs / snapshotInterval }
}
