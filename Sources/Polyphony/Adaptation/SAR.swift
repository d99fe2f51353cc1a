import Torch

/// SAR: entropy of reliable samples, minimised where it is flat (Niu et al. 2023).
///
/// Samples with H < margin · ln C give a gradient g; at θ + ρ g/‖g‖ the entropy of those of them that are still reliable
/// gives the gradient of the update at θ. When the moving average of that loss falls below `reset_below`, the model
/// becomes the source again. The last quarter of each encoder's layers and the last LayerNorms are left out.
/// Constants: margin 0.4, ρ 0.05, 0.2, average ← 0.9 average + 0.1 loss.
public final class SAR: AdaptationMethod {
  /// The method's name.
  public let name = "sar"
  /// What all methods have in common.
  public let settings: AdaptationSettings
  /// The norms but for the last layers.
  public let tensors: AdaptedTensors
  /// E₀ / ln C.
  public let margin: Double
  /// ρ.
  public let radius: Double
  /// The average loss below which the model becomes the source again; 0 for never.
  public let resetBelow: Double

  private let bins: Int
  private var distribution: PredictionDistribution?
  private var average: Double?

  /// Reads the settings.
  public init(_ reader: SettingsReader) throws(Fault) {
    settings = try AdaptationSettings(reader)
    tensors = AdaptedTensors(
      .norms, lastNorm: try reader.bool("last_norm", default: false),
      skippedLayers: try reader.optional("skip_layers", .int(in: 0...)), changesStatistics: true)
    bins = try reader.entropyBins()
    margin = try reader.double("margin", default: 0.4, in: Above(0))
    radius = try reader.double("radius", default: 0.05, in: Above(0))
    resetBelow = try reader.double("reset_below", default: 0.2, in: 0...)
  }

  /// Labels the entropy of a regression.
  public func notes(for model: MultimodalModel) -> [String] {
    PredictionDistribution.notes(for: model)
  }

  /// Fixes the bins of a regression.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    distribution = .fitted(session, bins: bins)
  }

  /// One update, where a sample is reliable.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) -> AdaptationStep {
    guard let distribution else { return AdaptationStep() }
    let bound = margin * distribution.maximumEntropy
    session.form(dropout: false, batchStatistics: true)
    func entropy() -> Tensor {
      PredictionDistribution.entropy(distribution.logProbabilities(session.model(batch.inputs).prediction))
    }
    let first = entropy()
    let reliable = noGrad { (first .< bound).to(first.dtype).detached() }
    let number = reliable.sum().item
    guard number > 0, session.backward((first * reliable).sum() / number) != nil else { return AdaptationStep() }
    let parameters = session.group.parameters
    let own = noGrad { parameters.values.copy() }
    noGrad {
      let gradients = parameters.gradients
      parameters.values.addInPlace(gradients * (radius / (gradients.norm() + 1e-12)))
    }
    let second = entropy()
    let still = noGrad { reliable * (second .< bound).to(second.dtype).detached() }
    let left = still.sum().item
    let loss = left > 0 ? session.backward((second * still).sum() / left) : nil
    noGrad { parameters.values.copyInPlace(from: own) }
    guard let loss else { return AdaptationStep() }
    session.step()
    let now = average.map { 0.9 * $0 + 0.1 * loss } ?? loss
    average = now
    if now < resetBelow {
      noGrad { parameters.values.copyInPlace(from: session.sourceValues) }
      session.restartOptimizer()
      average = nil
    }
    return AdaptationStep(loss: loss, learned: Int(left))
  }

  /// Forgets the average.
  public func reset(_ session: AdaptationSession) { average = nil }

  /// Bins and average.
  public func state() -> [(key: String, tensor: Tensor)] {
    var tensors = distribution?.state() ?? []
    if let average { tensors.append(("average", Tensor([average]))) }
    return tensors
  }

  /// Takes over what ``state()`` gave.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
    average = saved["average"]?.item
  }
}
