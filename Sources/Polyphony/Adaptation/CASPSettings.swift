import Torch

/// The settings of CASP beyond those of all methods.
///
/// ```swift
/// var settings = CASPSettings()
/// settings.contrastEpochs = 6
/// print(settings.snapshots)  // 3: before the first epoch, after the third and after the sixth
/// ```
public struct CASPSettings: Equatable, Sendable {
  /// τ, the temperature of the contrastive loss.
  public var temperature = 0.5
  /// The probability that the augmented copy of a sample lacks a modality.
  public var dropRate = 1.0
  /// Epochs of the first stage, offline.
  public var contrastEpochs = 15
  /// Epochs between two snapshots of all predictions. The first snapshot is before the first epoch.
  public var snapshotInterval = 3
  /// q, the share of samples that count as stable.
  public var share = 0.05
  /// Epochs of the second stage, offline.
  public var pseudoEpochs = 5
  /// The number of batches in the window, online.
  public var window = 8
  /// Batches between two updates on pseudo-labels, online; nil for ``window``, so that each such update has another
  /// window.
  ///
  /// Offline, the second stage processes a sixtieth as many samples as the first. As many updates as contrastive steps
  /// would hold predictions in place and undo the effect of the contrast.
  public var pseudoInterval: Int?
  /// Consecutive updates on pseudo-labels, online.
  public var pseudoSteps = 1

  /// Makes the published settings.
  public init() {}

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range, and if the epochs have room for only one snapshot.
  public init(_ reader: SettingsReader) throws(Fault) {
    self.init()
    temperature = try reader.double("temperature", default: temperature, in: Above(0))
    dropRate = try reader.double("drop_rate", default: dropRate, in: 0...1)
    contrastEpochs = try reader.int("contrast_epochs", default: contrastEpochs, in: 1...TrainingState.largestCount)
    snapshotInterval = try reader.int("snapshot_interval", default: snapshotInterval, in: 1...)
    share = try reader.double("share", default: share, in: 0...1)
    pseudoEpochs = try reader.int("pseudo_epochs", default: pseudoEpochs, in: 1...TrainingState.largestCount)
    window = try reader.int("window", default: window, in: 1...)
    pseudoInterval = try reader.optional("pseudo_interval", .int(in: 1...))
    pseudoSteps = try reader.int("pseudo_steps", default: pseudoSteps, in: 1...)
    guard snapshotInterval <= contrastEpochs else {
      throw reader.fault(
        "stability needs two snapshots", key: "snapshot_interval",
        expected: "at most contrast_epochs, which is \(contrastEpochs)")
    }
  }

  /// n of the stability, the number of snapshots in the first stage.
  public var snapshots: Int { 1 + contrastEpochs / snapshotInterval }
}
