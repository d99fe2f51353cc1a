import Torch

/// Tent: minimisation of the mean entropy over scale and shift of the norms (Wang et al. 2021).
///
/// L = 1/B Σ_b −Σ_c p_bc ln p_bc. It trains all LayerNorms, and with `last_norm` the last ones too. Batch
/// normalisations use batch statistics in a step, and their running statistics follow. For regression, see
/// `PredictionDistribution`.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "learning_rate: 0.0001", file: "recipe")
/// let (tent, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try Tent(reader) }
/// let outcome = try AdaptationLoop(model, samples: target, method: tent, isOnline: true).run()
/// ```
public final class Tent: AdaptationMethod {
  /// The method's name.
  public let name = "tent"
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The norms of all layers.
  public let tensors: AdaptedTensors
  private let bins: Int
  private var distribution: PredictionDistribution?

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader) throws(Fault) {
    settings = try AdaptationSettings(reader)
    tensors = AdaptedTensors(
      .norms, lastNorm: try reader.bool("last_norm", default: true), changesStatistics: true)
    bins = try reader.entropyBins()
  }

  /// A step depends on the optimizer's memory. For a regression it also depends on bins, which come from samples.
  public func memory(for task: PredictionTask) -> AdaptationMemory { task.kind == .regression ? .samples : .optimizer }

  /// A remark on the entropy of a regression.
  public func notes(for model: MultimodalModel) -> [String] {
    PredictionDistribution.notes(for: model)
  }

  /// Computes the bins of a regression.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    distribution = try .fitted(session, bins: bins)
  }

  /// Makes one update.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    guard let distribution else { return AdaptationStep() }
    session.form(dropout: false, batchStatistics: true)
    let log = distribution.logProbabilities(try session.pass(batch.inputs) { $0.prediction })
    return AdaptationStep(
      loss: try session.update(PredictionDistribution.entropy(log).mean()), learned: batch.count)
  }

  /// The bins of a regression.
  public func state() -> [(key: String, tensor: Tensor)] { distribution?.state() ?? [] }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
  }
}
