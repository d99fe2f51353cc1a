import Torch

/// A linear head for each modality, over the mean of its encoding's real steps.
///
/// Unlike CGGM's classifiers (``ModalityClassifiers``), the heads read encodings with their graph, so their losses train
/// the encoders.
final class ModalityHeads: Module {
  @Child var heads: [Linear]

  /// Makes the heads for a model, on its device and with its element type.
  /// - Throws: `Fault(.usage)` for segmentation, under the key of the method.
  init(_ model: MultimodalModel, for method: String) throws(Fault) {
    let (backbone, task) = (model.backbone, model.configuration.task)
    guard task.kind != .segmentation else {
      throw Fault(
        .usage, "the method's heads are for vectors, and a segmentation model has maps", key: method,
        expected: "regression, classification or multilabel", remedy: "choose cggm, ogm-ge, agm, mslr or mrd")
    }
    super.init()
    heads = backbone.configuration.modalities.map { _ in Linear(backbone.encodedWidth, task.outputs) }
    move(to: model.device, dtype: backbone.outputLayer.weight.dtype)
  }

  /// The predictions of all heads.
  func callAsFunction(_ encoded: [Tokens]) -> [Tensor] { zip(encoded, heads).map { $1($0.pooled) } }
}
