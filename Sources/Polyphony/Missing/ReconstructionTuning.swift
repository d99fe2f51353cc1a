import Torch

/// The tuning method `reconstruction`: it trains the cascades, the projections and the last layer.
///
/// L = L_task + λ₁ · mean (ê_m − e_m)² + λ₂ · mean (ẽ_m − e_m)². The first mean is over modalities that the run has taken
/// away, the second over those that the sample still has. ẽ is the output of the second cascade on ê. e_m comes from the
/// complete sample, and gets no gradient from these terms.
public final class ReconstructionTuning: TuningMethod {
  private let blocks: Int
  private let hidden: Int?
  private let weights: (reconstruction: Double, cycle: Double)
  private let parts: TrainableParts
  private var loss: ReconstructionLoss?

  /// Settings: `blocks`, `hidden` (half of all embeddings' features without it), `reconstruction_weight` (λ₁),
  /// `cycle_weight` (λ₂), `projections`, `head`.
  public init(_ reader: SettingsReader) throws(Fault) {
    blocks = try reader.int("blocks", default: 3, in: 1...64)
    hidden = try reader.optional("hidden", .int(in: 1...65536))
    weights = (
      try reader.double("reconstruction_weight", default: 1, in: 0...),
      try reader.double("cycle_weight", default: 1, in: 0...)
    )
    parts = try TrainableParts(reader)
  }

  /// Attaches the cascades and freezes the rest.
  /// - Throws: `Fault(.usage)` for a model of one modality or of images, and for a backbone that embeds in another form
  ///   than one step of the model's width for each step of an input.
  public func install(on model: MultimodalModel) throws(Fault) {
    try model.checkEmbedding(for: "reconstruction")
    let configuration = model.configuration
    let reconstruction = Reconstruction(
      configuration, blocks: blocks,
      hidden: hidden ?? max(1, configuration.modalities.count * configuration.width / 2))
    model.attach(reconstruction)
    parts.apply(to: model.backbone)
    loss = ReconstructionLoss(reconstruction, weights)
  }

  /// The task's loss with those of imagination.
  public var stepHook: (any StepHook)? { loss }
}

/// Adds the losses of imagination to the task's.
final class ReconstructionLoss: StepHook {
  private let network: Reconstruction
  private let weights: (reconstruction: Double, cycle: Double)

  init(_ network: Reconstruction, _ weights: (reconstruction: Double, cycle: Double)) {
    (self.network, self.weights) = (network, weights)
  }

  func loss(_ step: TrainingStep) -> Tensor {
    // A modality that the sample never had cannot be a target.
    guard let seen = step.batch.inputs.presence else { return step.taskLoss }
    let complete = step.model.prepared(step.complete ?? step.batch.inputs)
    let truth = noGrad { Reconstruction.means(step.model.backbone.embed(complete)) }
    let known = complete.presence ?? seen.onesLike()
    let imagined = network.imagine(truth, seen)
    return step.taskLoss
      + error(imagined, truth, (known .& (.!seen))) * weights.reconstruction
      + error(network.recall(imagined), truth, seen) * weights.cycle
  }

  /// The mean squared difference over the embeddings that `mask` `[B, M]` names; 0 where it names none.
  private func error(_ found: Tensor, _ expected: Tensor, _ mask: Tensor) -> Tensor {
    let weight = mask.to(found.dtype).unsqueezed(2)
    return ((found - expected).squared() * weight).sum() / (weight.sum().clamped(1, nil) * Double(found.size(2)))
  }
}
