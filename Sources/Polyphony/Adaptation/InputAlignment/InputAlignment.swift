import Foundation
import Torch

/// Input alignment: the statistics of the inputs, taken anew from unlabelled samples, by modality and by class.
///
/// A sensor that ages or a microphone that is replaced moves and scales features. The method fits an affine map to each
/// feature, which takes the target's samples to the source's class means (``SourceMoments``). The model's own answers say
/// which sample belongs to which class. So the classes' shares may change too, while plain standardisation takes another
/// mix of classes for a drift.
///
/// Offline, expectation (the answers under the current map) and maximisation (the map) take turns, one epoch each. The
/// first map goes half way to the source's mean and variance over all classes, because no answer can be trusted yet.
/// Online, every batch is a turn, and the sums over past samples fade with a half-life.
///
/// The map moves a modality only if its means are farther from the source than twice the distance between the source's
/// own splits, and scales it only if its means and deviations together are. `strength` samples of the source take part in
/// the sums, so that few samples move the map little. The parameters of the model stay as they are.
///
/// A model from before ``SourceMoments`` is aligned to mean 0 and variance 1 of each feature, without classes.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{strength: 50}", file: "recipe")
/// let (alignment, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
///   try InputAlignment(reader, model.configuration)
/// }
/// let outcome = try AdaptationLoop(model, samples: target, method: alignment).run()
/// ```
public final class InputAlignment: AdaptationMethod {
  /// The method's name.
  public let name = "inputs"
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The method adapts no tensors of the model.
  public let tensors = AdaptedTensors(.none)
  /// n₀, the number of source samples in the sums.
  public let strength: Double
  /// The number of samples after which a sample of a stream counts half.
  public let halfLife: Double

  /// The map of the inputs.
  public var attachment: (any Attachment)? { map }

  private let map: InputMap
  private var strata: Strata?
  /// The modalities with features, with the source's moments and the target's sums.
  private var parts: [Part] = []

  private struct Part {
    let name: String
    let index: Int
    let source: SourceMoments.Features
    var sums: MomentSums
  }

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader, _ configuration: ModelConfiguration) throws(Fault) {
    var defaults = AdaptationSettings()
    defaults.epochs = 12
    // The map is bounded by its form. The spread of answers says nothing about it: a batch of a sorted stream may have a
    // single class, and a source that is far off may give one answer to all samples.
    defaults.bounds.isEnabled = false
    settings = try AdaptationSettings(reader, defaults: defaults)
    strength = try reader.double("strength", default: 20, in: Above(0))
    halfLife = try reader.double("half_life", default: 1000, in: Above(0))
    map = InputMap(configuration)
  }

  /// A step depends on nothing else, because the sums are in ``state()``.
  public func memory(for task: PredictionTask) -> AdaptationMemory { .nothing }

  /// A remark on what the model keeps of its source.
  public func notes(for model: MultimodalModel) -> [String] {
    let drifts = (inputDrift ?? [:]).filter { $0.value >= 0.05 }.sorted { $0.value > $1.value }
    let said = drifts.map { "\($0.key) has drifted by \(String(format: "%.1f", $0.value)) σ" }
    return (model.sourceMoments == nil ? ["no source moments: aligned to mean 0 and variance 1, without classes"] : [])
      + (said.isEmpty ? [] : [said.joined(separator: ", ")])
  }

  /// Takes the source's moments.
  public func begin(_ session: AdaptationSession) throws(Fault) { start(session) }

  private func start(_ session: AdaptationSession) {
    let moments = session.model.sourceMoments ?? standard
    strata = Strata(moments: moments)
    let inputs = session.samples.inputs
    parts = map.places.compactMap { index, name in
      guard var source = moments.features[name] else { return nil }
      let values = FeatureSteps.values(inputs.modalities[index])
      if source.mean.size(1) != values.size(1) { source = source.pooled }
      let (strata, steps, features) = (source.mean.size(0), source.mean.size(1), source.mean.size(2))
      return Part(
        name: name, index: index, source: source,
        sums: MomentSums(strata: strata, steps: steps, features: features))
    }
  }

  /// The moments of a model that keeps none.
  private var standard: SourceMoments {
    var moments = SourceMoments(shares: .ones([1], dtype: .float64), features: [:])
    for (_, name) in map.places { moments.features[name] = .standard(features: map.map(name).scale.size(1)) }
    return moments
  }

  /// Adds the batch to the sums; online also fits the map.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    guard let strata else { return AdaptationStep() }
    let weights =
      if isFirst(session) {
        strata.shares(of: batch.count)
      } else if let prediction = batch.prediction {
        strata.weights(prediction)
      } else {
        strata.weights(try session.predict(batch.inputs))
      }
    noGrad {
      let inputs = session.model.prepared(batch.inputs)
      let fading = session.isOnline ? exp2(-Double(batch.count) / halfLife) : 1
      for place in parts.indices {
        if session.isOnline { parts[place].sums.fade(fading) }
        parts[place].sums.add(inputs, modality: parts[place].index, weights: weights)
      }
    }
    if session.isOnline { fit() }
    return AdaptationStep(learned: batch.count)
  }

  /// Fits the map to the sums of the epoch.
  public func endEpoch(_ session: AdaptationSession) throws(Fault) {
    isFirst(session) ? fitHalfWay(session.samples.count) : fit()
    // The sums of the last epoch stay for the report.
    if session.epoch + 1 < epochs { start(session) }
  }

  /// True for the epoch that fits the first map.
  private func isFirst(_ session: AdaptationSession) -> Bool { !session.isOnline && session.epoch == 0 }

  private func fit() {
    guard let shares = strata?.moments.shares else { return }
    set { AffineFit.map($0.sums, to: $0.source, shares: shares, strength: strength) }
  }

  /// Fits one stratum, with as many samples of the source as of the target.
  private func fitHalfWay(_ samples: Int) {
    guard let shares = strata?.moments.shares else { return }
    let one = Tensor.ones([1], dtype: .float64)
    set { AffineFit.map($0.sums.united, to: $0.source.united(shares), shares: one, strength: Double(samples)) }
  }

  private func set(_ fitted: (Part) -> (scale: Tensor, shift: Tensor)) {
    noGrad {
      for part in parts {
        let (fitted, trust) = (fitted(part), trust(part))
        // At the target's mean the map moves by a·x̄ + b − x̄. Around it, the map scales.
        let mean = part.sums.mean
        let scale = 1 + trust.scale * (fitted.scale - 1)
        let shift = trust.shift * ((fitted.scale - 1) * mean + fitted.shift) + mean * (1 - scale)
        let own = map.map(part.name)
        own.scale.copyInPlace(from: scale.to(own.scale.dtype).to(own.scale.device))
        own.shift.copyInPlace(from: shift.to(own.shift.dtype).to(own.shift.device))
      }
    }
  }

  /// The parts of a modality's shift and scale that are used: 1 − (2·d_fold / d)² each, at least 0.
  ///
  /// d is how far the target is from the source, d_fold how far the source's own splits are from each other. A map for a
  /// difference as between two splits would add noise alone. For the shift, both are distances of the means: noise that
  /// makes features vary more says nothing about their means. For the scale, both are those of means and deviations.
  private func trust(_ part: Part) -> (shift: Double, scale: Double) {
    func trusted(_ drift: Double, _ fold: Double) -> Double {
      fold == 0 ? 1 : drift > 2 * fold ? 1 - (2 * fold / drift) * (2 * fold / drift) : 0
    }
    let (drift, fold) = (part.sums.drift(from: part.source), part.source.foldDrift)
    return (trusted(drift.shift, fold.shift), trusted(drift.distance, fold.distance))
  }

  /// How far each modality has drifted.
  public var inputDrift: [String: Double]? {
    noGrad { Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.sums.drift(from: $0.source).distance) }) }
  }

  /// Discards the sums. The loop has restored the map.
  public func reset(_ session: AdaptationSession) { start(session) }

  /// Discards the sums, whose map was refused.
  public func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool {
    start(session)
    return false
  }

  /// The sums of all modalities.
  public func state() -> [(key: String, tensor: Tensor)] {
    parts.flatMap { part in
      [
        ("\(part.name).count", part.sums.count), ("\(part.name).sum", part.sums.sum),
        ("\(part.name).square", part.sums.square),
      ]
    }
  }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    start(session)
    let own = state()
    try SavedTensors.check(saved, against: own, file: file)
    noGrad { for (key, tensor) in own { tensor.copyInPlace(from: saved[key]!) } }
  }
}
