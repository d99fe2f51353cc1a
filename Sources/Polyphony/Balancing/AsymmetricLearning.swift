import Foundation
import Torch

/// ARL, asymmetric representation learning (Wei et al., ICCV 2025, arXiv 2507.10203).
///
/// The paper argues that a prediction should depend on each modality in inverse ratio to its variance, rather than
/// equally. A head predicts the class from each modality, and its loss trains head and encoder: L = L_task + γ Σ_m L_m.
/// After `start` epochs, the gradient of encoder m is multiplied by 1 + k_m:
///
/// k = softmax(T · (1 − d_m)/(M − 1) · v_m), v_m = (1/h_m) / Σ_k (1/h_k),
///
/// where h_m is the entropy of head m's shares divided by the sum of all entropies, at least 0.3, and d_m is the sum of
/// its mean absolute logits divided by the sum over all heads. For two modalities this is the rule of the released code,
/// where 1 − d_m is the other modality's part. Its heads are columns of the fusion's linear layer. Deeper fusions have
/// no such columns, so the heads here are layers of their own (`ModalityHeads`).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{start: 3, temperature: 8}", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try AsymmetricLearning(reader, model) }
/// ```
public final class AsymmetricLearning: StepHook {
  private static let smallestShare = 0.3

  private let heads: ModalityHeads
  private let names: [String]
  private let gamma: Double
  private let temperature: Double
  private let start: Int
  private var factors: [Double]
  private var predictions = StepReading<[Tensor]>()
  private var log = BalancingLog()

  /// Reads the settings `gamma` (1), `temperature` (8) and `start` (5).
  /// - Throws: `Fault(.usage)` for a setting out of range, for tasks other than classification, and if a modality has no
  ///   parameters of its own.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    let task = model.configuration.task
    guard task.kind == .classification else {
      throw task.refusal(
        of: "arl", because: "the entropy of a prediction stands for its variance, and only classes have one",
        key: reader.path, expected: "classification", remedy: "choose mrd, mmpareto or cggm")
    }
    try EncoderGroups.check(model, for: reader.path)
    heads = try ModalityHeads(model, for: reader.path)
    names = model.configuration.modalities.map(\.name)
    gamma = try reader.double("gamma", default: 1, in: 0...)
    temperature = try reader.double("temperature", default: 8, in: 0...)
    start = try reader.int("start", default: 5, in: 0...)
    factors = names.map { _ in 1 }
  }

  /// The coefficients k of the heads' entropies and of the sums of their mean absolute logits.
  public static func coefficients(entropies: [Double], sizes: [Double], temperature: Double) -> [Double] {
    guard entropies.count > 1 else { return entropies.map { _ in 1 } }
    func shares(_ values: [Double]) -> [Double] {
      let sum = values.reduce(0, +)
      return values.map { sum > 0 ? $0 / sum : 1 / Double(values.count) }
    }
    let inverse = shares(shares(entropies).map { 1 / max($0, smallestShare) })
    let others = shares(sizes).map { (1 - $0) / Double(sizes.count - 1) }
    return shares(zip(others, inverse).map { exp(temperature * $0 * $1) })
  }

  /// Always true, because the heads read the encodings.
  public var needsEncodings: Bool { true }

  /// The model's parameters by modality and those of the heads, all with the same rate.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    heads.groups(model, settings)
  }

  /// Always true.
  public var takesParts: Bool { true }
  /// Always true.
  public var needsStatistics: Bool { true }

  /// Entropy and size of each modality's prediction.
  public func statistics(_ step: TrainingStep) -> [Tensor] {
    let predictions = predictions.make(step) { heads(step.output.encoded) }
    return noGrad {
      predictions.map { prediction in
        let shares = prediction.logSoftmax(1)
        let entropy = -(shares.exp() * shares).sum(1).mean()
        return Tensor.stacked([entropy, prediction.abs().mean(0).sum()])
      }
    }
  }

  /// Computes the factors of the step.
  public func use(_ statistics: [Tensor], epoch: Int) {
    let measured = statistics.map(\.doubles)
    let coefficients = Self.coefficients(
      entropies: measured.map { $0[0] }, sizes: measured.map { $0[1] }, temperature: temperature)
    factors = coefficients.map { epoch > start ? 1 + $0 : 1 }
    log.begin(epoch)
    log.add("entropy", names, measured.map { $0[0] })
    log.add("coefficient", names, coefficients)
  }

  /// L_task + γ Σ_m L_m.
  public func loss(_ step: TrainingStep) -> Tensor {
    _ = statisticsOfBatch(step)
    let predictions = predictions.take { heads(step.output.encoded) }
    return predictions.reduce(step.taskLoss) { $0 + step.loss($1, step.batch.target) * gamma }
  }

  /// Multiplies each modality's gradients by 1 + k_m.
  public func adjustGradients(_ step: TrainingStep) {
    EncoderGroups.scaleGradients(of: names, by: factors, in: step.optimizer)
  }

  /// The epoch's means `entropy/NAME` and `coefficient/NAME` (k_m).
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The heads and the log.
  public func state() -> [(key: String, tensor: Tensor)] { heads.state(with: log) }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    try heads.load(state, with: &log, file: file)
  }
}
