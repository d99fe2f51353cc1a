import Torch

/// Norm statistics: batch normalisations with mean and variance of the target (Schneider et al. 2020; Li et al. 2017).
///
/// With s = the source's share, μ = s·μ_source + (1 − s)·μ_target, and σ² in the same way. μ_target and σ²_target are
/// those of all samples so far. A batch is normalised by its own statistics during their measurement. LayerNorms have
/// no statistics, so on models without batch normalisations this method has no effect, and its notes report that.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "source_share: 0.3", file: "recipe")
/// let (norms, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try NormStatistics(reader) }
/// ```
public final class NormStatistics: AdaptationMethod {
  /// The method's name.
  public let name = "norm"
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The method changes running statistics and no parameters.
  public let tensors = AdaptedTensors(.none, changesStatistics: true)
  /// The source's share s.
  public let sourceShare: Double

  /// The moments of each normalisation: the source's mean and variance, and the target's mean and second moment.
  private var moments: [Moments] = []

  private struct Moments {
    var sourceMean: Tensor
    var sourceVariance: Tensor
    var mean: Tensor
    var square: Tensor
    /// The number of samples behind these moments.
    var samples = 0.0
  }

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader) throws(Fault) {
    settings = try AdaptationSettings(reader, hasEpochs: false)
    sourceShare = try reader.double("source_share", default: 0, in: 0...1)
  }

  /// The single pass of this method.
  public var epochs: Int { 1 }

  /// A remark for models on which the method has no effect.
  public func notes(for model: MultimodalModel) -> [String] {
    model.backbone.batchNorms().isEmpty
      ? ["no effect: the model has LayerNorms only, which keep no statistics"] : []
  }

  /// Stores the source's statistics.
  public func begin(_ session: AdaptationSession) throws(Fault) { start(session) }

  private func start(_ session: AdaptationSession) {
    moments = noGrad {
      norms(session).map {
        Moments(
          sourceMean: $0.runningMean.copy(), sourceVariance: $0.runningVariance.copy(),
          mean: $0.runningMean.zerosLike(), square: $0.runningMean.zerosLike())
      }
    }
  }

  /// Adds the batch's statistics to those of the target.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) -> AdaptationStep {
    let norms = norms(session)
    guard !norms.isEmpty else { return AdaptationStep() }
    noGrad {
      let before = norms.map { ($0.runningMean.copy(), $0.runningVariance.copy(), $0.batchCount.copy()) }
      session.form(dropout: false, batchStatistics: true)
      _ = session.model(batch.inputs)
      for (index, norm) in norms.enumerated() {
        let (oldMean, oldVariance, count) = before[index]
        // A map of a single place in a single sample has no statistics.
        guard norm.batchCount.item > count.item else { continue }
        // One update moves a running value by a tenth towards the batch's own value, which is recovered here.
        let mean = (norm.runningMean - oldMean * 0.9) * 10
        let square = (norm.runningVariance - oldVariance * 0.9) * 10 + mean.squared()
        moments[index].samples += Double(batch.count)
        let weight = Double(batch.count) / moments[index].samples
        moments[index].mean = moments[index].mean * (1 - weight) + mean * weight
        moments[index].square = moments[index].square * (1 - weight) + square * weight
        let own = moments[index]
        let variance = (own.square - own.mean.squared()).clamped(0, nil)
        norm.runningMean.copyInPlace(from: own.sourceMean * sourceShare + own.mean * (1 - sourceShare))
        norm.runningVariance.copyInPlace(from: own.sourceVariance * sourceShare + variance * (1 - sourceShare))
        norm.batchCount.copyInPlace(from: count)
      }
    }
    return AdaptationStep(learned: batch.count)
  }

  /// Discards the target's statistics.
  public func reset(_ session: AdaptationSession) { start(session) }

  private func norms(_ session: AdaptationSession) -> [BatchNorm2d] { session.model.backbone.batchNorms().map(\.norm) }

  /// The moments of all normalisations.
  public func state() -> [(key: String, tensor: Tensor)] {
    moments.enumerated().flatMap { index, own in
      [
        ("\(index).source_mean", own.sourceMean), ("\(index).source_variance", own.sourceVariance),
        ("\(index).mean", own.mean), ("\(index).square", own.square), ("\(index).samples", Tensor([own.samples])),
      ]
    }
  }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    func tensor(_ key: String) throws(Fault) -> Tensor { try SavedTensors.tensor(key, saved, file: file) }
    moments = []
    for index in norms(session).indices {
      moments.append(
        Moments(
          sourceMean: try tensor("\(index).source_mean"), sourceVariance: try tensor("\(index).source_variance"),
          mean: try tensor("\(index).mean"), square: try tensor("\(index).square"),
          samples: try tensor("\(index).samples").item))
    }
  }
}
