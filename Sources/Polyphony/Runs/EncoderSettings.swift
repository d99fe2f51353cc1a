import Torch

/// A pretrained encoder inside a model, which is an element of a recipe's section `model.encoders`.
public struct EncoderSettings: Sendable {
  /// The encoder's folder. Default: the one that converted the data.
  public var folder: String?
  /// The part that is trained.
  public var training: EncoderTraining

  /// Reads `from` and `train`.
  public init(_ reader: SettingsReader) throws(Fault) {
    folder = try reader.optional("from", .string)
    training = try reader.setting("train", .encoderTraining, default: .none)
  }
}

/// The part of a pretrained encoder that a training changes.
public enum EncoderTraining: Equatable, Sendable {
  /// The encoder is frozen, and computes without dropout.
  case none
  /// The last layers are trained.
  case last(Int)
  /// All parameters are trained.
  case all
  /// Low-rank updates of queries and values are trained (``LoRA`` with its defaults), and the model keeps their sum with
  /// the weights.
  case lora

  /// Freezes the other parts of an encoder, or adds what is trained.
  /// - Parameter name: the encoder's modality.
  /// - Throws: `Fault(.usage)` for more layers than there are, and for updates of attention in a network without it.
  func apply(to model: MultimodalModel, _ name: String) throws(Fault) {
    guard self != .all, let encoder = model.backbone.inputEncoders[name] else { return }
    encoder.freeze()
    func refuse(_ problem: String, _ found: String, _ expected: String) -> Fault {
      Fault(.usage, problem, key: "model.encoders.\(name).train", found: found, expected: expected)
    }
    let layers = encoder.layers
    switch self {
    case .none, .all: break
    case .last(let count):
      guard count <= layers.count else {
        throw refuse("the encoder has fewer layers", "last:\(count)", "last:1 to last:\(layers.count)")
      }
      for layer in layers.suffix(count) { layer.unfreeze() }
    case .lora:
      let attending = encoder.encoderLayers()
      guard !attending.isEmpty else {
        throw refuse("the encoder has no attention for updates of low rank", "lora", "none, last:N or all")
      }
      let lora = try SettingsReader.read(.empty) { (reader) throws(Fault) in try LoRA(reader) }.value
      lora.update(attending.map { ("encoders.\(name).\($0.key)", $0.layer) }, of: model)
    }
  }
}

extension Setting where Value == EncoderTraining {
  /// One of `none`, `last:N`, `all` and `lora`.
  static var encoderTraining: Setting {
    let words: [String: EncoderTraining] = ["none": .none, "all": .all, "lora": .lora]
    return Setting(
      read: { (value) throws(Fault) in
        let text = try Setting<String>.string.read(value)
        if let word = words[text] { return word }
        guard text.hasPrefix("last:"), let count = Int(text.dropFirst(5)), count > 0 else {
          throw value.fault("a setting has an unknown value", expected: "none, last:N, all or lora")
        }
        return .last(count)
      },
      write: { training in
        if case .last(let count) = training { return Setting<String>.string.write("last:\(count)") }
        return Setting<String>.string.write(words.first { $0.value == training }?.key ?? "none")
      })
  }
}
