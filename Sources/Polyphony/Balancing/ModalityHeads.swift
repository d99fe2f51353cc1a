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

  /// The model's parameters by modality and those of the heads, all with the same rate.
  func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup] {
    EncoderGroups.make(model, settings, extra: trainableParameters())
  }

  /// The state of a strategy with these heads and a log.
  func state(with log: BalancingLog) -> [(key: String, tensor: Tensor)] {
    StrategyState.prefixed("heads", state()) + log.state()
  }

  /// Restores the tensors of ``state(with:)``.
  func load(_ state: [String: Tensor], with log: inout BalancingLog, file: String?) throws(Fault) {
    try load(StrategyState.section("heads", of: state), file: file)
    try log.load(state, file: file)
  }

  /// The predictions of all heads.
  func callAsFunction(_ encoded: [Tokens]) -> [Tensor] { zip(encoded, heads).map { $1($0.pooled) } }
}
