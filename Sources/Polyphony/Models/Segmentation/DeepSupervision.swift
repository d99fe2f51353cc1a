import Torch

/// Deep supervision: while a U-Net trains, its decoder predicts at the coarser resolutions too (Isensee et al. 2021).
///
/// A linear layer at each place of the decoder's map of resolution i gives ŷ_i. The loss is Σ_i w_i L(ŷ_i, y_i), where i = 0
/// is the prediction itself, w_i ∝ 2⁻ⁱ with the sum 1, and y_i is the nearest pixel of the truth. The coarsest map has no
/// prediction, because the decoder only begins there. (nnU-Net leaves out one more resolution.)
///
/// The heads are an attachment. So they belong to the training, and neither predictions nor a model folder have them.
///
/// ```swift
/// let heads = try DeepSupervision(of: model)
/// model.attach(heads)
/// try train(model)
/// model.attachments.removeAll { $0 === heads }
/// ```
public final class DeepSupervision: Module, Attachment {
  /// The heads of the resolutions 1, 2, ….
  @Child("heads") var heads: [Linear]

  /// Makes heads with random starting values for a model.
  /// - Throws: `Fault(.usage)` for a model whose decoder has no coarser maps.
  public init(of model: MultimodalModel) throws(Fault) {
    super.init()
    let (backbone, configuration) = (model.backbone, model.configuration)
    let fused = model.evaluating {
      noGrad { backbone.fuse(backbone.encode(backbone.embed(backbone.zeroSample), afterLayer: nil)) }
    }
    let maps = fused.count == 1 ? fused[0].details : []
    guard !maps.isEmpty else {
      throw Fault(
        .usage, "the model has no coarser predictions to supervise", key: "model.deep_supervision",
        found: "\(configuration.architecture) with model.layers=\(configuration.layers)",
        expected: "unet with 3 resolutions or more", remedy: "leave model.deep_supervision out")
    }
    heads = maps.map { Linear($0.size(1), configuration.task.outputs) }
  }

  /// The heads read the fused maps.
  public var stages: Stages { .fused }

  /// The predictions at the coarser resolutions, the finer first.
  public func auxiliaryPredictions(_ context: ForwardContext) -> [Tensor] {
    zip(heads, context.fused[0].details).map { $0.atEachPlace($1) }
  }
}
