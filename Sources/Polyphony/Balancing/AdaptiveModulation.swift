import Foundation
import Torch

/// AGM, adaptive gradient modulation (Li et al., ICCV 2023, arXiv 2308.07686).
///
/// The mono-modal response φ_m is the Shapley value of modality m in the logits, or in the value of a regression.
/// `SoloPredictions` computes the predictions of subsets, and the empty set counts as zero. Four or more modalities
/// have too many subsets for every step. Then φ_m = ½(f(all) − f(all but m) + f(m)), which is also the Shapley value
/// for two modalities. With s_m = −mean log p_m[y] (regression: mean |φ_m − y|, labels: binary cross-entropy) and s̄
/// their mean:
///
/// r_m = exp(M/(M − 1) · (s̄ − s_m)), κ_m = exp(α · min(r*_m − r_m, 7)), g_m ← κ_m g_m.
///
/// r* follows from the running means of s over all earlier steps in the same way. So the rule slows down a modality
/// that leads by more than usual.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "alpha: 0.5", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try AdaptiveModulation(reader, model) }
/// ```
public final class AdaptiveModulation: StepHook {
  private static let exactUpTo = 3
  private static let cap = 7.0

  private let names: [String]
  private let task: PredictionTask
  private let alpha: Double
  private let epochs: ActiveEpochs
  /// The running means of s.
  private var means: [Double]
  private var steps = 0.0
  /// The coefficients of the current step; empty in a step without modulation.
  private var coefficients: [Double] = []
  private var log = BalancingLog()

  /// Reads the settings `alpha` (1), `start` (0) and `end` (50).
  /// - Throws: `Fault(.usage)` for a setting out of range, and if a modality has no parameters of its own.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    try EncoderGroups.check(model, for: reader.path)
    names = model.configuration.modalities.map(\.name)
    task = model.configuration.task
    alpha = try reader.double("alpha", default: 1, in: 0...)
    epochs = try ActiveEpochs(reader, end: 50)
    means = names.map { _ in 0 }
  }

  /// The ratios r of scores s, where a lower score is better.
  public static func ratios(_ scores: [Double]) -> [Double] {
    guard scores.count > 1 else { return scores.map { _ in 1 } }
    let (count, mean) = (Double(scores.count), scores.reduce(0, +) / Double(scores.count))
    return scores.map { exp(count / (count - 1) * (mean - $0)) }
  }

  /// The coefficients κ of the scores of a batch and their running means.
  public static func coefficients(_ scores: [Double], means: [Double], alpha: Double) -> [Double] {
    zip(ratios(means), ratios(scores)).map { exp(alpha * min($0 - $1, cap)) }
  }

  /// One parameter group per modality, and one for shared parameters.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    EncoderGroups.make(model, settings)
  }

  /// Always true.
  public var takesParts: Bool { true }
  /// Always true.
  public var needsStatistics: Bool { true }

  /// The losses of all responses, in one tensor.
  public func statistics(_ step: TrainingStep) -> [Tensor] {
    guard names.count > 1 else { return [] }
    return [.stacked(responses(step).map { -Confidence.meanLogarithm($0, step.batch.target, task) })]
  }

  /// Computes the coefficients of the step, and updates the running means.
  public func use(_ statistics: [Tensor], epoch: Int) {
    coefficients = []
    guard let scores = statistics.first?.doubles else { return }
    if epochs.contains(epoch), steps > 0 { coefficients = Self.coefficients(scores, means: means, alpha: alpha) }
    means = zip(means, scores).map { ($0 * steps + $1) / (steps + 1) }
    steps += 1
    log.begin(epoch)
    log.add("response_loss", names, scores)
    log.add("coefficient", names, coefficients.isEmpty ? names.map { _ in 1 } : coefficients)
  }

  /// Multiplies each modality's gradients by κ_m.
  public func adjustGradients(_ step: TrainingStep) {
    _ = statisticsOfBatch(step)
    guard !coefficients.isEmpty else { return }
    EncoderGroups.scaleGradients(of: names, by: coefficients, in: step.optimizer)
  }

  /// The responses φ_m.
  private func responses(_ step: TrainingStep) -> [Tensor] {
    let count = names.count
    if count > Self.exactUpTo {
      let subsets = (0..<count).flatMap { player in
        [(0..<count).map { $0 != player }, (0..<count).map { $0 == player }]
      }
      let outputs = SoloPredictions.predict(step, [Array(repeating: true, count: count)] + subsets)
      return noGrad { (0..<count).map { (outputs[0] - outputs[1 + 2 * $0] + outputs[2 + 2 * $0]) * 0.5 } }
    }
    let outputs = SoloPredictions.predict(step, Array(Coalitions.all(count).dropFirst()))
    return noGrad {
      Coalitions.weights(count).map { weights in
        zip(outputs, weights.dropFirst()).dropFirst().reduce(outputs[0] * weights[1]) { $0 + $1.0 * $1.1 }
      }
    }
  }

  /// The epoch's means `response_loss/NAME` (s_m) and `coefficient/NAME` (κ_m).
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The running means and the log.
  public func state() -> [(key: String, tensor: Tensor)] {
    [("means", .init(means)), ("steps", .init([steps]))] + log.state()
  }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    means = try StrategyState.numbers("means", of: state, count: names.count, file: file)
    steps = try StrategyState.numbers("steps", of: state, count: 1, file: file)[0]
    try log.load(state, file: file)
  }
}
