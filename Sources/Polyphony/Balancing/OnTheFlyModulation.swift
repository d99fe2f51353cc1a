import Foundation
import Torch

/// OGM-GE, on-the-fly gradient modulation with generalisation enhancement (Peng et al., CVPR 2022, arXiv 2203.15332,
/// eq. 8 to 10).
///
/// s_m is the confidence of the prediction from m alone (`SoloPredictions`, `Confidence`). ρ_m is s_m divided by the
/// mean of the other modalities' s, which is the published ratio for two modalities:
///
/// k_m = 1 − tanh(α ρ_m) if ρ_m > 1, else 1; g_m ← k_m g_m + N(0, σ(g_m)²).
///
/// σ is the deviation of each parameter's own gradient before scaling. The rule scales all parameters of a modality.
/// The published code scales only the weights of convolutions, because its encoders have little else.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "alpha: 0.5", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try OnTheFlyModulation(reader, model) }
/// ```
public final class OnTheFlyModulation: StepHook {
  private let names: [String]
  private let task: PredictionTask
  private let alpha: Double
  private let noise: Bool
  private let epochs: ActiveEpochs
  /// The coefficients k of the current step; empty in epochs without modulation.
  private var coefficients: [Double] = []
  private var log = BalancingLog()

  /// Reads the settings `alpha` (0.3), `noise` (true, for generalisation enhancement), `start` (0) and `end` (50).
  /// - Throws: `Fault(.usage)` for a setting out of range, and if a modality has no parameters of its own.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    try EncoderGroups.check(model, for: reader.path)
    names = model.configuration.modalities.map(\.name)
    task = model.configuration.task
    alpha = try reader.double("alpha", default: 0.3, in: 0...)
    noise = try reader.bool("noise", default: true)
    epochs = try ActiveEpochs(reader, end: 50)
  }

  /// The coefficients k of the confidences.
  public static func coefficients(_ confidences: [Double], alpha: Double) -> [Double] {
    guard confidences.count > 1 else { return confidences.map { _ in 1 } }
    let sum = confidences.reduce(0, +)
    return confidences.map { own in
      let ratio = own / max((sum - own) / Double(confidences.count - 1), 1e-12)
      return ratio > 1 ? 1 - tanh(alpha * ratio) : 1
    }
  }

  /// One parameter group per modality, and one for shared parameters.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    EncoderGroups.make(model, settings)
  }

  /// Always true.
  public var takesParts: Bool { true }
  /// Always true.
  public var needsStatistics: Bool { true }

  /// The confidences s of all modalities, in one tensor.
  public func statistics(_ step: TrainingStep) -> [Tensor] {
    guard epochs.contains(step.epoch), names.count > 1 else { return [] }
    return [.stacked(SoloPredictions.each(step).map { Confidence.mean($0, step.batch.target, task) })]
  }

  /// Computes the coefficients of the step.
  public func use(_ statistics: [Tensor], epoch: Int) {
    coefficients = []
    guard let confidences = statistics.first?.doubles else { return }
    coefficients = Self.coefficients(confidences, alpha: alpha)
    log.begin(epoch)
    log.add("confidence", names, confidences)
    log.add("coefficient", names, coefficients)
  }

  /// Scales each modality's gradients and adds the noise.
  public func adjustGradients(_ step: TrainingStep) {
    _ = statisticsOfBatch(step)
    guard !coefficients.isEmpty else { return }
    noGrad {
      for (name, factor) in zip(names, coefficients) {
        for group in EncoderGroups.encoder(name, of: step.optimizer).map(\.parameters) {
          let disturbance = noise ? Self.noise(group) : nil
          group.gradients.multiplyInPlace(factor)
          if let disturbance { group.gradients.addInPlace(disturbance) }
        }
      }
    }
  }

  /// Normal random numbers with the deviation of each parameter's gradient.
  private static func noise(_ group: FlatParameters) -> Tensor {
    let pieces = group.members.map { member -> Tensor in
      let gradient = member.storage.tensor!.gradient!.flattened()
      let deviation = gradient.variance(0, correction: gradient.count > 1 ? 1 : 0).sqrt() + 1e-8
      return deviation.reshaped(1).expanded(gradient.count)
    }
    return Tensor.normal(group.gradients.shape).to(group.gradients.dtype).to(group.gradients.device)
      * .concatenated(pieces)
  }

  /// The epoch's means `confidence/NAME` and `coefficient/NAME`.
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The epoch's log, the only state of the method.
  public func state() -> [(key: String, tensor: Tensor)] { log.state() }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) { try log.load(state, file: file) }
}
