import Torch

/// EATA: entropy minimisation on reliable, non-redundant samples with a pull to the source (Niu et al. 2022).
///
/// A sample counts if H < E₀ = margin · ln C and |cos(p, p̄)| < ε. p̄ is a moving average of the probabilities of
/// earlier samples. L = mean over the counted samples of e^{E₀ − H} H, plus β Σ F (θ − θ₀)². The Fisher information F
/// is the mean square of the gradient of −ln p(predicted class). It comes from the source model on the first target
/// samples, because there is no source data. Constants: margin 0.4, ε 0.05, β 2000, 2000 samples, p̄ ← 0.9 p̄ + 0.1
/// mean p.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{margin: 0.5, fisher_samples: 500}", file: "recipe")
/// let (eata, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try EATA(reader) }
/// ```
public final class EATA: AdaptationMethod {
  /// The method's name.
  public let name = "eata"
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The norms of all layers.
  public let tensors: AdaptedTensors
  /// The margin E₀ / ln C.
  public let margin: Double
  /// The redundancy bound ε.
  public let redundancy: Double
  /// The weight β of the Fisher term.
  public let fisherWeight: Double
  /// The number of samples for F, online at most the first batch.
  public let fisherSamples: Int

  private let bins: Int
  private var distribution: PredictionDistribution?
  private var fisher: Tensor?
  private var average: Tensor?

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader) throws(Fault) {
    settings = try AdaptationSettings(reader)
    tensors = AdaptedTensors(
      .norms, lastNorm: try reader.bool("last_norm", default: true), changesStatistics: true)
    bins = try reader.entropyBins()
    margin = try reader.double("margin", default: 0.4, in: Above(0))
    redundancy = try reader.double("redundancy", default: 0.05, in: 0...1)
    fisherWeight = try reader.double("fisher_weight", default: 2000, in: 0...)
    fisherSamples = try reader.int("fisher_samples", default: 2000, in: 1...)
  }

  /// Remarks on the entropy of a regression and on the source of F.
  public func notes(for model: MultimodalModel) -> [String] {
    PredictionDistribution.notes(for: model)
      + ["the Fisher information is taken from target samples with the source's own predictions"]
  }

  /// Computes the bins and the Fisher information of the source.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    let distribution = try PredictionDistribution.fitted(session, bins: bins)
    self.distribution = distribution
    guard fisherWeight > 0 else { return }
    var sum = session.group.parameters.values.zerosLike()
    let count = min(fisherSamples, session.seen)
    let batches = BatchSampler(count: count, batchSize: settings.batchSize, seed: nil).epoch(0)
    for indices in batches {
      // Running statistics apply here, because the gradient passes must not change them.
      session.form(dropout: false)
      let inputs = session.samples.rows(indices).to(session.device)
      let log = distribution.logProbabilities(try session.pass(inputs) { $0.prediction })
      guard try session.backward(-log.maximum(1).mean()) != nil else { return }
      sum = noGrad { sum + session.group.parameters.gradients.squared() }
    }
    fisher = noGrad { sum / Double(batches.count) }
  }

  /// Makes one update if a sample counts.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    guard let distribution else { return AdaptationStep() }
    session.form(dropout: false, batchStatistics: true)
    let log = distribution.logProbabilities(try session.pass(batch.inputs) { $0.prediction })
    let entropy = PredictionDistribution.entropy(log)
    let bound = margin * distribution.maximumEntropy
    let p = noGrad { PredictionDistribution.probabilities(log).detached() }
    let counts = noGrad { chosen(entropy, bound, p) }
    let number = counts.sum().item
    guard number > 0 else { return AdaptationStep() }
    noGrad {
      let mean = (p * counts.unsqueezed(1)).sum(0) / number
      average = average.map { $0 * 0.9 + mean * 0.1 } ?? mean
    }
    let weights = noGrad { (bound - entropy.detached()).exp() * counts }
    let loss = try session.update((entropy * weights).sum() / number) { values in
      guard let fisher = self.fisher else { return values.zerosLike() }
      return (values - session.sourceValues) * fisher * (2 * self.fisherWeight)
    }
    return AdaptationStep(loss: loss, learned: Int(number))
  }

  /// The mask of the samples that count, `[B]`.
  private func chosen(_ entropy: Tensor, _ bound: Double, _ p: Tensor) -> Tensor {
    var counts = entropy .< bound
    if let average {
      let cosine = p.matmul(average) / (p.norm(1) * average.norm()).clamped(1e-12, nil)
      counts = counts .& (cosine.abs() .< redundancy)
    }
    return counts.to(entropy.dtype)
  }

  /// Discards the average. F belongs to the source and stays.
  public func reset(_ session: AdaptationSession) { average = nil }

  /// The bins, the Fisher information and the average.
  public func state() -> [(key: String, tensor: Tensor)] {
    var tensors = distribution?.state() ?? []
    if let fisher { tensors.append(("fisher", fisher)) }
    if let average { tensors.append(("average", average)) }
    return tensors
  }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
    fisher = saved["fisher"]?.to(session.device)
    average = saved["average"]?.to(session.device)
  }
}
