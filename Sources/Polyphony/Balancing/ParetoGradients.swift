import Torch

/// MMPareto (Wei & Hu, ICML 2024, arXiv 2405.17730).
///
/// A linear head predicts the task from each modality's encoding (`ModalityHeads`), and its loss trains head and encoder.
/// An encoder then has two gradients, g_m of the fused loss and g_u of its head's loss:
///
/// h = 2α g_m + 2(1 − α) g_u.
///
/// If their cosine is positive, α = ½. Otherwise they conflict, and α is the weight of the shortest convex combination,
/// α = (‖g_u‖² − g_m·g_u) / ‖g_m − g_u‖² in [0, 1], which is a direction of descent for both losses (Pareto). A short
/// gradient has little noise, and noise helps generalisation. So h is stretched to the length of g_m + g_u where it is
/// shorter, and multiplied by γ.
///
/// As in the paper, the lengths are those of a whole encoder. The released code stretches parameter by parameter.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "gamma: 1", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try ParetoGradients(reader, model) }
/// ```
public final class ParetoGradients: StepHook {
  private let heads: ModalityHeads
  private let names: [String]
  private let gamma: Double
  /// g_u of each modality's parameter groups.
  private var own: [[Tensor]] = []
  private var log = BalancingLog()

  /// Reads the setting `gamma` (1.5).
  /// - Throws: `Fault(.usage)` for a setting out of range, for segmentation, and if a modality has no parameters of its
  ///   own.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    try EncoderGroups.check(model, for: reader.path)
    heads = try ModalityHeads(model, for: reader.path)
    names = model.configuration.modalities.map(\.name)
    gamma = try reader.double("gamma", default: 1.5, in: Above(0))
  }

  /// The weights 2α and 2(1 − α) of two gradients, from their squared lengths and their product, with stretch and γ.
  public static func weights(
    fused: Double, own: Double, product: Double, gamma: Double
  ) -> (fused: Double, own: Double) {
    guard product <= 0 else { return (gamma, gamma) }
    let distance = fused - 2 * product + own
    guard distance > 0 else { return (gamma, gamma) }
    let alpha = min(max((own - product) / distance, 0), 1)
    let (a, b) = (2 * alpha, 2 * (1 - alpha))
    let length = a * a * fused + 2 * a * b * product + b * b * own
    let sum = fused + 2 * product + own
    // Opposite gradients of one length leave nothing to stretch.
    let stretch = length > 1e-20 ? max(1, (max(sum, 0) / length).squareRoot()) : 1
    return (gamma * stretch * a, gamma * stretch * b)
  }

  /// Always true, because the heads read the encodings.
  public var needsEncodings: Bool { true }

  /// The model's parameters by modality and those of the heads, all with the same rate.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    heads.groups(model, settings)
  }

  /// The task's loss. The heads' losses go backward first, because their gradients have to be known apart.
  public func loss(_ step: TrainingStep) -> Tensor {
    let losses = Tensor.stacked(heads(step.output.encoded).map { step.loss($0, step.batch.target) })
    losses.sum().backward(retainGraph: true)
    own = noGrad {
      names.map { name in
        EncoderGroups.encoder(name, of: step.optimizer).map { group in
          let gradients = group.parameters.gradients.copy()
          group.parameters.zeroGradients()
          return gradients
        }
      }
    }
    log.begin(step.epoch)
    log.add("own_loss", names, losses.detached().doubles)
    return step.taskLoss
  }

  /// Combines the two gradients of each encoder.
  public func adjustGradients(_ step: TrainingStep) {
    noGrad {
      for (name, own) in zip(names, own) {
        let fused = EncoderGroups.encoder(name, of: step.optimizer).map(\.parameters.gradients)
        func product(_ a: [Tensor], _ b: [Tensor]) -> Tensor { .stacked(zip(a, b).map { ($0 * $1).sum() }).sum() }
        let products = Tensor.stacked([product(fused, fused), product(own, own), product(fused, own)]).doubles
        let weights = Self.weights(fused: products[0], own: products[1], product: products[2], gamma: gamma)
        for (target, other) in zip(fused, own) {
          target.multiplyInPlace(weights.fused)
          target.addInPlace(other * weights.own)
        }
        log.add("conflict/\(name)", products[2] < 0 ? 1 : 0)
      }
    }
  }

  /// The epoch's means `own_loss/NAME` (the loss of each head) and `conflict/NAME` (the share of steps in conflict).
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The heads and the log.
  public func state() -> [(key: String, tensor: Tensor)] { heads.state(with: log) }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    try heads.load(state, with: &log, file: file)
  }
}
