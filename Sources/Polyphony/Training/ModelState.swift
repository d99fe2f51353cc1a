import Torch

/// The parts of a model that a tuning method may change, recorded in order to restore them.
struct ModelState {
  private struct Part {
    let storage: StoredTensor
    let tensor: Tensor?
    let requiresGradient: Bool
    let reparametrization: ((Tensor) -> Tensor)?

    init(_ storage: StoredTensor) {
      self.storage = storage
      tensor = storage.tensor
      requiresGradient = storage.tensor?.requiresGradient ?? false
      reparametrization = storage.reparametrization
    }
  }

  let attachments: [any Attachment]
  private let parts: [Part]
  private let layers: [(layer: any AdaptableLayer, adapter: (any EncoderLayerAdapter)?)]
  private let blocks: [(block: any AdaptableBlock, change: ((Tensor) -> Tensor)?)]

  init(of model: MultimodalModel) {
    attachments = model.attachments
    let storage = model.backbone.storage() + model.attachments.flatMap { $0.storage() }
    parts = storage.map { Part($0.storage) }
    layers = model.backbone.encoderLayers().map { ($0.layer, $0.layer.adapter) }
    blocks = model.backbone.convolutionBlocks().map { ($0.block, $0.block.change) }
  }

  func restore(_ model: MultimodalModel) {
    model.attachments = attachments
    for part in parts {
      part.storage.tensor = part.tensor
      part.storage.reparametrization = part.reparametrization
      if part.storage.isTrainable { part.tensor?.requiringGradient(part.requiresGradient) }
    }
    for (layer, adapter) in layers { layer.adapter = adapter }
    for (block, change) in blocks { block.change = change }
  }
}

extension Module {
  /// Every transformer layer in this module with its key, in the order of keys.
  public func encoderLayers() -> [(key: String, layer: any AdaptableLayer)] {
    modules((any AdaptableLayer).self).map { ($0.key, $0.module) }
  }
}
