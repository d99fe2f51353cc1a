import Torch

/// READ: confidence-aware adaptation of the attention across modalities (Yang et al. 2024).
///
/// It trains only the projections to queries, keys and values (``AdaptedTensors/Part/attention``). With p the largest
/// probability of a sample and P the mean of all probabilities over the batch,
///
/// L = mean(p (1 − ln p + ln γ)) − H(P), γ = e⁻¹.
///
/// The first term raises the confidence of confident samples and gives little weight to others. The second one keeps
/// the batch from a single class. The optimiser is Adam with rate 1e-4. Each place of an image counts like a sample.
/// For regression, see `PredictionDistribution`.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "learning_rate: 0.00005", file: "recipe")
/// let (read, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try READ(reader) }
/// ```
public final class READ: AdaptationMethod {
  /// The method's name.
  public let name = "read"
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The projections to queries, keys and values.
  public let tensors = AdaptedTensors(.attention)
  private let bins: Int
  private var distribution: PredictionDistribution?

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader) throws(Fault) {
    var defaults = AdaptationSettings()
    defaults.learningRate = 1e-4
    settings = try AdaptationSettings(reader, defaults: defaults)
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
    session.form(dropout: false)
    let log = distribution.logProbabilities(try session.pass(batch.inputs) { $0.prediction })
    return AdaptationStep(loss: try session.update(READ.loss(log)), learned: batch.count)
  }

  /// The loss L of log probabilities `[B, C]`, `[B, C, K]` or `[B, C, H, W]`. It is averaged over the K targets or
  /// labels.
  static func loss(_ logProbabilities: Tensor) -> Tensor {
    let surest = logProbabilities.maximum(1)
    let confidence = -(surest.exp() * surest).mean()
    let p = logProbabilities.exp()
    let mean = p.rank > 3 ? p.flattened(2).mean(0, 2) : p.mean(0)
    // A class without predictions adds 0, because p ln p → 0.
    return confidence + (mean * mean.clamped(1e-12, nil).log()).sum(0).mean()
  }

  /// The bins of a regression.
  public func state() -> [(key: String, tensor: Tensor)] { distribution?.state() ?? [] }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
  }
}
