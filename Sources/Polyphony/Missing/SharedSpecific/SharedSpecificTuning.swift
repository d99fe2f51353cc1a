import Torch

/// The tuning method `shared_specific`: it trains the projections of ``SharedSpecific`` and all weights of the model.
///
/// L = L_task + α·A + β·D. A aligns the shared parts: the mean |r_i − r_j| over places, channels and pairs of present images,
/// averaged over the resolutions. D is the cross-entropy of the image, which a linear layer reads off the mean over places
/// of s_m at the coarsest resolution. Both are means over samples, and each sample averages over what it has.
public final class SharedSpecificTuning: TuningMethod {
  private let weights: (alignment: Double, classification: Double)
  private var loss: SharedSpecificLoss?

  /// Settings: `alignment_weight` (α, 0.1) and `classification_weight` (β, 0.02), as in the paper.
  public init(_ reader: SettingsReader) throws(Fault) {
    weights = (
      try reader.double("alignment_weight", default: 0.1, in: 0...),
      try reader.double("classification_weight", default: 0.02, in: 0...)
    )
  }

  /// True, since a probe shows the shapes of the maps.
  public var runsModelToInstall: Bool { true }

  /// Attaches the projections, and trains the whole backbone.
  /// - Throws: `Fault(.usage)` for a model of one modality, and for a model of sequences. The mean over modalities needs
  ///   maps whose places correspond.
  public func install(on model: MultimodalModel) throws(Fault) {
    let attachment = SharedSpecific(try MapShape(of: model, method: "shared_specific"))
    model.attach(attachment)
    TrainableParts(projections: true, head: true, everything: true).apply(to: model.backbone)
    loss = SharedSpecificLoss(attachment, weights)
  }

  /// The task's loss with those of the parts.
  public var stepHook: (any StepHook)? { loss }
}

/// Adds α·A and β·D to the task's loss.
final class SharedSpecificLoss: StepHook {
  private let attachment: SharedSpecific
  private let weights: (alignment: Double, classification: Double)

  init(_ attachment: SharedSpecific, _ weights: (alignment: Double, classification: Double)) {
    (self.attachment, self.weights) = (attachment, weights)
  }

  /// True, since both losses are means over samples.
  var takesParts: Bool { true }

  func loss(_ step: TrainingStep) -> Tensor {
    guard let parts = attachment.takeParts() else { return step.taskLoss }
    return step.taskLoss + Self.alignment(parts) * weights.alignment
      + Self.classification(parts, attachment.classifier) * weights.classification
  }

  /// A.
  static func alignment(_ parts: SharedSpecific.Parts) -> Tensor {
    let levels = parts.shared.map { maps in
      let images = maps.indices
      let pairs = images.flatMap { first in images.dropFirst(first + 1).map { (first, $0) } }
      let distances = pairs.map { (maps[$0.0] - maps[$0.1]).abs().meanOfEachSample }
      let flags = pairs.map { pair in parts.presence.map { $0.select(1, pair.0) .& $0.select(1, pair.1) } }
      return mean(distances, where: flags)
    }
    return levels.dropFirst().reduce(levels[0], +) / Double(levels.count)
  }

  /// D.
  static func classification(_ parts: SharedSpecific.Parts, _ classifier: Linear) -> Tensor {
    let losses = parts.specific.enumerated().map { image, map in
      let pooled = map.meanOverPlaces
      let truth = Tensor(Array(repeating: image, count: pooled.size(0))).to(map.device)
      return classifier(pooled).crossEntropy(truth, reduction: .none)
    }
    return mean(losses, where: parts.specific.indices.map { image in parts.presence?.select(1, image) })
  }

  /// The mean over samples of a sample's mean over those of its values whose flag is true; 0 for a sample without any.
  private static func mean(_ values: [Tensor], where flags: [Tensor?]) -> Tensor {
    let values = Tensor.stacked(values, 1)
    guard flags.allSatisfy({ $0 != nil }) else { return values.mean() }
    let weights = Tensor.stacked(flags.compactMap(\.self), 1).to(values.dtype)
    return ((values * weights).sum(1) / weights.sum(1).clamped(1, nil)).mean()
  }
}
