import Torch

/// A tuning method on a model, to be switched off and on again without reading the model anew.
///
/// Switched off, the model gives the base's own output, bit for bit: base tensors that the method trains (the head's,
/// all biases, …) are trained as copies, and the originals come back. Several installations on one model are switched
/// one at a time (``AdapterSet`` sees to that): install and enable one only while the others are off.
public final class Installation {
  /// The method.
  public let method: any TuningMethod
  /// What it is installed on.
  public let model: MultimodalModel
  private let base: ModelState
  private var tuned: ModelState

  /// Installs a method and gives the base tensors that it trains memory of their own.
  /// - Throws: What the method throws where it cannot serve this model; the model is as before then.
  public init(_ method: any TuningMethod, on model: MultimodalModel) throws(Fault) {
    (self.method, self.model) = (method, model)
    base = ModelState(of: model)
    do {
      try method.install(on: model)
    } catch {
      base.restore(model)
      throw error
    }
    for (_, stored) in model.backbone.storage() {
      guard let tensor = stored.tensor, tensor.requiresGradient || !stored.isTrainable else { continue }
      let copy = noGrad { tensor.detached().copy() }
      stored.tensor = stored.isTrainable ? copy.requiringGradient() : copy
    }
    tuned = ModelState(of: model)
  }

  /// Whether the method acts. Off, the model is the base.
  public var isEnabled = true {
    didSet {
      guard isEnabled != oldValue else { return }
      if isEnabled {
        tuned.restore(model)
      } else {
        // An optimiser has laid the trained tensors into its own memory since.
        tuned = ModelState(of: model)
        base.restore(model)
      }
    }
  }
}

/// Everything of a model that a tuning method may change, to be put back.
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

  private let attachments: [any Attachment]
  private let parts: [Part]
  private let layers: [(layer: TransformerEncoderLayer, adapter: (any EncoderLayerAdapter)?)]

  init(of model: MultimodalModel) {
    attachments = model.attachments
    let storage = model.backbone.storage() + model.attachments.flatMap { $0.storage() }
    parts = storage.map { Part($0.storage) }
    layers = model.backbone.encoderLayers().map { ($0.layer, $0.layer.adapter) }
  }

  func restore(_ model: MultimodalModel) {
    model.attachments = attachments
    for part in parts {
      part.storage.tensor = part.tensor
      part.storage.reparametrization = part.reparametrization
      if part.storage.isTrainable { part.tensor?.requiringGradient(part.requiresGradient) }
    }
    for (layer, adapter) in layers { layer.adapter = adapter }
  }
}

extension Module {
  /// Every transformer layer in this module with its key, in the order of keys.
  public func encoderLayers(_ prefix: String = "") -> [(key: String, layer: TransformerEncoderLayer)] {
    children.flatMap { key, module -> [(key: String, layer: TransformerEncoderLayer)] in
      let path = prefix.isEmpty ? key : "\(prefix).\(key)"
      if let layer = module as? TransformerEncoderLayer { return [(path, layer)] }
      return module.encoderLayers(path)
    }
  }
}
