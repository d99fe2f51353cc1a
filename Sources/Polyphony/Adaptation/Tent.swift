import Torch

/// Tent: the mean entropy of predictions is minimised over scale and shift of the norms (Wang et al. 2021).
///
/// L = 1/B Σ_b −Σ_c p_bc ln p_bc; all LayerNorms (`last_norm`: the last ones too). Batch normalisations are by batch
/// statistics while learning, and their running ones follow. Regression: see `PredictionDistribution`.
public final class Tent: AdaptationMethod {
  /// The method's name.
  public let name = "tent"
  /// What all methods have in common.
  public let settings: AdaptationSettings
  /// All norms.
  public let tensors: AdaptedTensors
  private let bins: Int
  private var distribution: PredictionDistribution?

  /// Reads the settings.
  public init(_ reader: SettingsReader) throws(Fault) {
    settings = try AdaptationSettings(reader)
    tensors = AdaptedTensors(
      .norms, lastNorm: try reader.bool("last_norm", default: true), changesStatistics: true)
    bins = try reader.entropyBins()
  }

  /// Labels the entropy of a regression.
  public func notes(for model: MultimodalModel) -> [String] {
    PredictionDistribution.notes(for: model)
  }

  /// Fixes the bins of a regression.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    distribution = .fitted(session, bins: bins)
  }

  /// One update.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) -> AdaptationStep {
    guard let distribution else { return AdaptationStep() }
    session.form(dropout: false, batchStatistics: true)
    let log = distribution.logProbabilities(session.model(batch.inputs).prediction)
    return AdaptationStep(
      loss: session.update(PredictionDistribution.entropy(log).mean()), learned: batch.count)
  }

  /// The bins.
  public func state() -> [(key: String, tensor: Tensor)] { distribution?.state() ?? [] }

  /// Takes over what ``state()`` gave.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
  }
}
