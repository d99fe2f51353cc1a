import Torch

/// The section `model` of a recipe.
public struct ModelSettings: Sendable {
  /// The backbone's name.
  public var architecture: String
  /// Features per step.
  public var width: Int
  /// Attention heads.
  public var heads: Int
  /// Layers per encoder.
  public var layers: Int
  /// Layers of the memory encoders. Default: the architecture's own rule.
  public var memoryLayers: Int?
  /// True for causal attention. Default: the architecture's own choice.
  public var causal: Bool?
  /// The encoder of an image. Default: the small one.
  public var encoder: ImageEncoderName?
  /// The pretrained encoders inside, by modality.
  public var encoders: [String: EncoderSettings]
  /// The trained model whose body the new one takes.
  public var body: BodySettings
  /// Steps of a prompt (`prompted_mult`). Default: the architecture's own number.
  public var promptLength: Int?
  /// True for a training with predictions at the coarser resolutions of the decoder (`unet`).
  public var deepSupervision: Bool
  /// The dropout rates of the backbone's parts.
  public var dropout: DropoutRates

  /// Reads the section. Every key has a default.
  public init(_ reader: SettingsReader) throws(Fault) {
    architecture = try reader.choice("architecture", of: Architectures.names, default: "late_fusion")
    let standard = Architectures.defaults(of: architecture)
    width = try reader.int("width", default: standard.width, in: 1...4096)
    heads = try reader.int("heads", default: standard.heads, in: 1...256)
    layers = try reader.int("layers", default: standard.layers, in: 1...256)
    memoryLayers = try reader.optional("memory_layers", .int(in: 1...256))
    causal = try reader.optional("causal", .bool)
    encoder = try reader.optional("encoder", .choice(of: ImageEncoderName.self))
    promptLength = try reader.optional("prompt_length", .int(in: 1...1024))
    deepSupervision = try reader.optional("deep_supervision", .bool) ?? false
    body = try reader.section("body", shorthand: "from") { (section) throws(Fault) in try BodySettings(section) }
    encoders = try reader.section("encoders") { (section) throws(Fault) in
      var encoders: [String: EncoderSettings] = [:]
      for name in section.keys {
        encoders[name] = try section.section(name, shorthand: "train") { (part) throws(Fault) in
          try EncoderSettings(part)
        }
      }
      return encoders
    }
    dropout = try reader.section("dropout") { (section) throws(Fault) in
      DropoutRates(
        attention: try section.double("attention", default: standard.dropout.attention, in: 0..<1),
        relu: try section.double("relu", default: standard.dropout.relu, in: 0..<1),
        residual: try section.double("residual", default: standard.dropout.residual, in: 0..<1),
        embedding: try section.double("embedding", default: standard.dropout.embedding, in: 0..<1),
        output: try section.double("output", default: standard.dropout.output, in: 0..<1))
    }
  }

  /// The model configuration for data of these modalities and this task.
  /// - Throws: `Fault` for encoders of raw inputs that are absent or do not fit.
  public func configuration(_ modalities: [Modality], _ task: PredictionTask) throws(Fault) -> ModelConfiguration {
    let (modalities, encoders) = try encoded(modalities)
    var configuration = ModelConfiguration(
      architecture: architecture, modalities: modalities, task: task, width: width, heads: heads, layers: layers,
      dropout: dropout, causal: causal, memoryLayers: memoryLayers, promptLength: promptLength)
    configuration.encoder = encoder
    if !encoders.isEmpty { configuration.encoders = encoders }
    return configuration
  }
}
