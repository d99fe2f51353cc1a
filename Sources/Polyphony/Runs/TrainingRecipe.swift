import Torch

/// Everything about a training run that a recipe can say, besides where data and results lie.
public struct TrainingRecipe: Sendable {
  /// What is done to features before the model sees them.
  public enum Normalization: String, Sendable, CaseIterable {
    /// Mean 0 and deviation 1 over the training split.
    case standard
    /// Nothing.
    case none
  }

  /// The backbone without modalities and task, which come from the data.
  public var model: ModelSettings
  /// The loop.
  public var training: TrainingSettings
  /// What is done to features.
  public var normalization: Normalization

  /// Reads the sections `model`, `training` and `normalization`.
  public init(_ reader: SettingsReader) throws(Fault) {
    model = try reader.section("model") { (section) throws(Fault) in try ModelSettings(section) }
    training = try reader.section("training") { (section) throws(Fault) in try TrainingSettings(section) }
    normalization = try reader.choice("normalization", default: .standard)
  }
}

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
  /// Layers of the memory encoders; nil for the architecture's own rule.
  public var memoryLayers: Int?
  /// Whether attention is causal.
  public var causal: Bool?
  /// The encoder of an image; nil for the small one.
  public var encoder: ImageEncoderName?
  /// Steps of a prompt (`prompted_mult`); nil for the architecture's own number.
  public var promptLength: Int?
  /// Dropout.
  public var dropout: DropoutRates

  /// Reads the section; everything but the architecture has a default.
  public init(_ reader: SettingsReader) throws(Fault) {
    architecture = try reader.choice("architecture", of: Architectures.names, default: "late_fusion")
    width = try reader.int("width", default: 40, in: 1...4096)
    heads = try reader.int("heads", default: 8, in: 1...256)
    layers = try reader.int("layers", default: 5, in: 1...256)
    memoryLayers = try reader.optional("memory_layers", .int(in: 1...256))
    causal = try reader.optional("causal", .bool)
    encoder = try reader.optional("encoder", .choice(of: ImageEncoderName.self))
    promptLength = try reader.optional("prompt_length", .int(in: 1...1024))
    dropout = try reader.section("dropout") { (section) throws(Fault) in
      DropoutRates(
        attention: try section.double("attention", default: 0.1, in: 0..<1),
        relu: try section.double("relu", default: 0.1, in: 0..<1),
        residual: try section.double("residual", default: 0.1, in: 0..<1),
        embedding: try section.double("embedding", default: 0.25, in: 0..<1),
        output: try section.double("output", default: 0, in: 0..<1))
    }
  }

  /// The configuration for data of these modalities and this task.
  public func configuration(_ modalities: [Modality], _ task: PredictionTask) -> ModelConfiguration {
    var configuration = ModelConfiguration(
      architecture: architecture, modalities: modalities, task: task, width: width, heads: heads, layers: layers,
      dropout: dropout, causal: causal, memoryLayers: memoryLayers, promptLength: promptLength)
    configuration.encoder = encoder
    return configuration
  }
}

extension TrainingSettings {
  /// Reads the section `training` of a recipe.
  public init(_ reader: SettingsReader) throws(Fault) {
    self.init()
    epochs = try reader.int("epochs", default: epochs, in: 1...)
    batchSize = try reader.int("batch_size", default: batchSize, in: 1...)
    optimizer = try reader.choice("optimizer", default: optimizer)
    learningRate = try reader.double("learning_rate", default: learningRate, in: Above(0))
    weightDecay = try reader.double("weight_decay", default: weightDecay, in: 0...)
    momentum = try reader.double("momentum", default: momentum, in: 0..<1)
    clip = try reader.double("clip", default: clip, in: 0...)
    schedule = try reader.choice("schedule", default: schedule)
    schedulePatience = try reader.int("schedule_patience", default: schedulePatience, in: 0...)
    scheduleFactor = try reader.double("schedule_factor", default: scheduleFactor, in: 0...1)
    warmup = try reader.int("warmup", default: warmup, in: 0...)
    earlyStop = try reader.int("early_stop", default: earlyStop, in: 0...)
    loss = try reader.optional("loss", .choice(of: TaskLoss.Form.self))
    classWeights = try reader.optional("class_weights", .list(of: .double(in: 0...)))
    select = try reader.string("select", default: select)
  }
}
