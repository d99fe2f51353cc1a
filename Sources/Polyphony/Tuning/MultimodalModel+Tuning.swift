import Torch

extension MultimodalModel {
  /// Freezes backbone and methods, then unfreezes those tensors of the backbone whose key satisfies the condition.
  func freeze(except isTrained: (String) -> Bool) {
    backbone.freeze()
    for attachment in attachments { attachment.freeze() }
    backbone.unfreeze(where: isTrained)
  }

  /// Freezes backbone and methods, but not the head if `head` is true.
  func freeze(trainingHead head: Bool) { freeze { head && type(of: backbone).isHead($0) } }

  /// The backbone's transformer layers.
  /// - Throws: `Fault(.usage)` if it has none.
  func layers(for method: String) throws(Fault) -> [(key: String, layer: any AdaptableLayer)] {
    let layers = backbone.encoderLayers()
    guard layers.isEmpty else { return layers }
    throw Fault(
      .usage, "the tuning method acts in transformer layers, and the model has none", key: "--method", found: method,
      expected: "full, head, bitfit, lora or adapter for \(configuration.architecture)")
  }
}

extension SettingsReader {
  /// Reads `train_head`, which is true if the head is trained beside the method's own parameters.
  func trainsHead() throws(Fault) -> Bool { try bool("train_head", default: true) }
}
