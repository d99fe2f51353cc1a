import Torch

/// SAR: sharpness-aware entropy minimisation on reliable samples (Niu et al. 2023).
///
/// Samples with H < margin · ln C give a gradient g. Those that are still reliable at θ + ρ g/‖g‖ give the gradient of
/// the update at θ. If the moving average of that loss falls below `reset_below`, the model becomes the source again.
/// The tensors omit the last quarter of each encoder's layers and the last LayerNorms. Constants: margin 0.4, ρ 0.05,
/// `reset_below` 0.2, average ← 0.9 average + 0.1 loss.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{radius: 0.1, reset_below: 0.1}", file: "recipe")
/// let (sar, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try SAR(reader) }
/// ```
public final class SAR: AdaptationMethod {
  /// The method's name.
  public let name = "sar"
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The norms except those of the last layers.
  public let tensors: AdaptedTensors
  /// The margin E₀ / ln C.
  public let margin: Double
  /// The radius ρ.
  public let radius: Double
  /// The average loss below which the model becomes the source again; 0 for never.
  public let resetBelow: Double

  private let bins: Int
  private var distribution: PredictionDistribution?
  private var average: Double?

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
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

  /// A remark on the entropy of a regression.
  public func notes(for model: MultimodalModel) -> [String] {
    PredictionDistribution.notes(for: model)
  }

  /// Computes the bins of a regression.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    distribution = try .fitted(session, bins: bins)
  }

  /// Makes one update if a sample is reliable.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    guard let distribution else { return AdaptationStep() }
    let bound = margin * distribution.maximumEntropy
    session.form(dropout: false, batchStatistics: true)
    func entropy() throws(Fault) -> Tensor {
      PredictionDistribution.entropy(distribution.logProbabilities(try session.pass(batch.inputs) { $0.prediction }))
    }
    let first = try entropy()
    let reliable = noGrad { (first .< bound).to(first.dtype).detached() }
    let number = reliable.sum().item
    guard number > 0, try session.backward((first * reliable).sum() / number) != nil else { return AdaptationStep() }
    let parameters = session.group.parameters
    let own = noGrad { parameters.values.copy() }
    noGrad {
      let gradients = parameters.gradients
      parameters.values.addInPlace(gradients * (radius / (gradients.norm() + 1e-12)))
    }
    let second = try entropy()
    let still = noGrad { reliable * (second .< bound).to(second.dtype).detached() }
    let left = still.sum().item
    let loss = left > 0 ? try session.backward((second * still).sum() / left) : nil
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

  /// Discards the average.
  public func reset(_ session: AdaptationSession) { average = nil }

  /// The bins and the average.
  public func state() -> [(key: String, tensor: Tensor)] {
    var tensors = distribution?.state() ?? []
    if let average { tensors.append(("average", Tensor([average]))) }
    return tensors
  }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
    average = saved["average"]?.item
  }
}
