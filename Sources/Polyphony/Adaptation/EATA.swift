import Torch

/// EATA: entropy of reliable samples that are not like those before, held near the source (Niu et al. 2022).
///
/// Of a batch those samples count for which H < E₀ = margin · ln C and |cos(p, p̄)| < ε, p̄ a moving average of the
/// probabilities of earlier ones. L = mean over them of e^{E₀ − H} H, plus β Σ F (θ − θ₀)². F, the Fisher information, is
/// the mean square of the gradient of −ln p(the class predicted) over the first target samples, by the source: there is
/// no source data. Constants: margin 0.4, ε 0.05, β 2000, 2000 samples, p̄ ← 0.9 p̄ + 0.1 mean p.
public final class EATA: AdaptationMethod {
  /// The method's name.
  public let name = "eata"
  /// What all methods have in common.
  public let settings: AdaptationSettings
  /// All norms.
  public let tensors: AdaptedTensors
  /// E₀ / ln C.
  public let margin: Double
  /// ε.
  public let redundancy: Double
  /// β.
  public let fisherWeight: Double
  /// Samples that F is taken from; online at most the first batch.
  public let fisherSamples: Int

  private let bins: Int
  private var distribution: PredictionDistribution?
  private var fisher: Tensor?
  private var average: Tensor?

  /// Reads the settings.
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

  /// Labels the entropy of a regression, and where F comes from.
  public func notes(for model: MultimodalModel) -> [String] {
    PredictionDistribution.notes(for: model)
      + ["the Fisher information is taken from target samples with the source's own predictions"]
  }

  /// Fixes bins and Fisher information; the model stays the source.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    let distribution = PredictionDistribution.fitted(session, bins: bins)
    self.distribution = distribution
    guard fisherWeight > 0 else { return }
    var sum = session.group.parameters.values.zerosLike()
    let count = min(fisherSamples, session.seen)
    let batches = BatchSampler(count: count, batchSize: settings.batchSize, seed: nil).epoch(0)
    for indices in batches {
      // By running statistics, which the gradient must not move.
      session.form(dropout: false)
      let inputs = session.samples.rows(indices).to(session.device)
      let log = distribution.logProbabilities(session.model(inputs).prediction)
      guard session.backward(-log.maximum(1).mean()) != nil else { return }
      sum = noGrad { sum + session.group.parameters.gradients.squared() }
    }
    fisher = noGrad { sum / Double(batches.count) }
  }

  /// One update, where a sample counts.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) -> AdaptationStep {
    guard let distribution else { return AdaptationStep() }
    session.form(dropout: false, batchStatistics: true)
    let log = distribution.logProbabilities(session.model(batch.inputs).prediction)
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
    let loss = session.update((entropy * weights).sum() / number) { values in
      guard let fisher = self.fisher else { return values.zerosLike() }
      return (values - session.sourceValues) * fisher * (2 * self.fisherWeight)
    }
    return AdaptationStep(loss: loss, learned: Int(number))
  }

  /// 1 for samples that count, `[B]`.
  private func chosen(_ entropy: Tensor, _ bound: Double, _ p: Tensor) -> Tensor {
    var counts = entropy .< bound
    if let average {
      let cosine = p.matmul(average) / (p.norm(1) * average.norm()).clamped(1e-12, nil)
      counts = counts .& (cosine.abs() .< redundancy)
    }
    return counts.to(entropy.dtype)
  }

  /// Forgets the average; F is the source's and stays.
  public func reset(_ session: AdaptationSession) { average = nil }

  /// Bins, Fisher information, average.
  public func state() -> [(key: String, tensor: Tensor)] {
    var tensors = distribution?.state() ?? []
    if let fisher { tensors.append(("fisher", fisher)) }
    if let average { tensors.append(("average", average)) }
    return tensors
  }

  /// Takes over what ``state()`` gave.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    distribution = try .loaded(saved, session, bins: bins, file: file)
    fisher = saved["fisher"]?.to(session.device)
    average = saved["average"]?.to(session.device)
  }
}
