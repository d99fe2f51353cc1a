import Torch

/// READ: confidence-aware adaptation of what attends across modalities (Yang et al. 2024).
///
/// Only what makes queries, keys and values is trained (``AdaptedTensors/Part/attention``). With p the largest
/// probability of a sample and P the mean of all probabilities over the batch,
///
/// L = mean(p (1 − ln p + ln γ)) − H(P), γ = e⁻¹:
///
/// sure samples are made surer, unsure ones count less, and the batch must not fall into one class. Adam, 1e-4. An image
/// counts as its places. Regression: see `PredictionDistribution`.
public final class READ: AdaptationMethod {
  /// The method's name.
  public let name = "read"
  /// What all methods have in common.
  public let settings: AdaptationSettings
  /// Queries, keys and values.
  public let tensors = AdaptedTensors(.attention)
  private let bins: Int
  private var distribution: PredictionDistribution?

  /// Reads the settings.
  public init(_ reader: SettingsReader) throws(Fault) {
    var defaults = AdaptationSettings()
    defaults.learningRate = 1e-4
    settings = try AdaptationSettings(reader, defaults: defaults)
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
    session.form(dropout: false)
    let log = distribution.logProbabilities(session.model(batch.inputs).prediction)
    return AdaptationStep(loss: session.update(READ.loss(log)), learned: batch.count)
  }

  /// L of log probabilities `[B, C]` or `[B, C, H, W]`.
  static func loss(_ logProbabilities: Tensor) -> Tensor {
    let surest = logProbabilities.maximum(1)
    let confidence = -(surest.exp() * surest).mean()
    let p = logProbabilities.exp()
    let mean = p.rank == 4 ? p.mean(0, 2, 3) : p.mean(0)
    // A class that nobody predicts adds nothing: p ln p → 0.
    return confidence + (mean * mean.clamped(1e-12, nil).log()).sum()
  }

  /// The bins.
  public func state() -> [(key: String, tensor: Tensor)] { distribution?.state() ?? [] }

  /// Takes over what ``state()`` gave.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
  }
}
