import Torch

/// Everything that determines a model's shapes: the content of `config.json`.
///
/// ```swift
/// let configuration = ModelConfiguration(
///   architecture: "late_fusion",
///   modalities: [.sequence("motion", features: 3, length: 12), .vector("force", features: 2)],
///   task: PredictionTask(kind: .classification, classes: 3), width: 16, heads: 2, layers: 2)
/// let model = try MultimodalModel(configuration)
/// ```
public struct ModelConfiguration: Codable, Equatable, Sendable {
  /// The name of the backbone in ``Architectures``.
  public var architecture: String
  /// The inputs, in order.
  public var modalities: [Modality]
  /// Features per step inside the model.
  public var width: Int
  /// Attention heads; must divide the width.
  public var heads: Int
  /// Layers per encoder.
  public var layers: Int
  /// Dropout probabilities.
  public var dropout: DropoutRates
  /// The task that the model predicts.
  public var task: PredictionTask
  /// Layers of CGGM's classifiers (`encoder_fusion`).
  public var classifierLayers: Int?
  /// Layers of the memory encoders (`mult`).
  public var memoryLayers: Int?
  /// True if attention is causal (`mult`).
  public var causal: Bool?
  /// Steps of a prompt (`prompted_mult`).
  public var promptLength: Int?
  /// Mean and deviation by which the model standardises the features, by modality.
  public var normalization: [String: FeatureStatistics]?
  /// The training means that stand in for missing cells of modalities without normalization, by modality.
  public var cellMeans: [String: [Float]]?

  /// The modalities that the model reads; nil for all. The model takes all others as missing.
  public var only: [String]?
  /// The encoder of an image (`deeplab_v3plus`); nil for the small one.
  public var encoder: ImageEncoderName?
  /// The pretrained encoders inside, by modality. Such a modality is the sequence of its encoder's states in
  /// ``modalities``, and raw inputs in the data (``inputModalities``).
  public var encoders: [String: InsideEncoder]?

  enum CodingKeys: String, CodingKey {
    case architecture, modalities, width, heads, layers, dropout, task, causal, normalization, only, encoder, encoders
    case classifierLayers = "classifier_layers"
    case memoryLayers = "memory_layers"
    case promptLength = "prompt_length"
    case cellMeans = "cell_means"
  }

  /// A configuration.
  public init(
    architecture: String, modalities: [Modality], task: PredictionTask, width: Int = 40, heads: Int = 8,
    layers: Int = 5,
    dropout: DropoutRates = .init(attention: 0.1, relu: 0.1, residual: 0.1, embedding: 0.25), causal: Bool? = nil,
    memoryLayers: Int? = nil, promptLength: Int? = nil
  ) {
    (self.architecture, self.modalities, self.task) = (architecture, modalities, task)
    (self.width, self.heads, self.layers, self.dropout) = (width, heads, layers, dropout)
    (self.causal, self.memoryLayers, self.promptLength) = (causal, memoryLayers, promptLength)
  }

  /// Reads the form of `config.json`; dropout may be left out (then zero).
  public init(from decoder: Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    architecture = try container.decode(String.self, forKey: .architecture)
    modalities = try container.decode([Modality].self, forKey: .modalities)
    width = try container.decode(Int.self, forKey: .width)
    heads = try container.decode(Int.self, forKey: .heads)
    layers = try container.decode(Int.self, forKey: .layers)
    dropout = try container.decodeIfPresent(DropoutRates.self, forKey: .dropout) ?? DropoutRates()
    task = try container.decode(PredictionTask.self, forKey: .task)
    classifierLayers = try container.decodeIfPresent(Int.self, forKey: .classifierLayers)
    memoryLayers = try container.decodeIfPresent(Int.self, forKey: .memoryLayers)
    causal = try container.decodeIfPresent(Bool.self, forKey: .causal)
    promptLength = try container.decodeIfPresent(Int.self, forKey: .promptLength)
    normalization = try container.decodeIfPresent([String: FeatureStatistics].self, forKey: .normalization)
    cellMeans = try container.decodeIfPresent([String: [Float]].self, forKey: .cellMeans)
    only = try container.decodeIfPresent([String].self, forKey: .only)
    encoder = try container.decodeIfPresent(ImageEncoderName.self, forKey: .encoder)
    encoders = try container.decodeIfPresent([String: InsideEncoder].self, forKey: .encoders)
  }

  /// Checks sizes, rates and names.
  /// - Throws: `Fault` of kind `usage` that names the key.
  public func validate(file: String? = nil) throws(Fault) {
    func check(_ condition: Bool, _ key: String, _ found: Any, _ expected: String) throws(Fault) {
      if condition { return }
      throw Fault(
        .usage, "the model's configuration cannot be built", file: file, key: "model.\(key)", found: "\(found)",
        expected: expected)
    }
    try check(!modalities.isEmpty, "modalities", "none", "at least one")
    try check((1...4096).contains(width), "width", width, "1 to 4096")
    try check((1...1024).contains(layers), "layers", layers, "1 to 1024")
    try check(heads >= 1 && width % max(heads, 1) == 0, "heads", heads, "a divisor of the width \(width)")
    try check((1...1024).contains(memoryLayers ?? 1), "memory_layers", memoryLayers ?? 1, "1 to 1024")
    try check((1...1024).contains(classifierLayers ?? 1), "classifier_layers", classifierLayers ?? 1, "1 to 1024")
    try check((1...1024).contains(promptLength ?? 1), "prompt_length", promptLength ?? 1, "1 to 1024")
    if let wrong = task.contradiction { try check(false, "task.\(wrong.key)", wrong.found, wrong.expected) }
    let rates = [dropout.attention, dropout.relu, dropout.residual, dropout.embedding, dropout.output]
    try check(rates.allSatisfy { (0..<1).contains($0) }, "dropout", rates, "rates from 0 to below 1")
    try check(
      Set(modalities.map(\.name)).count == modalities.count, "modalities", modalities.map(\.name), "distinct names")
    let names = modalities.map(\.name)
    if let only {
      try check(
        !only.isEmpty && only.allSatisfy(names.contains), "only", only.joined(separator: ", "),
        "some of \(names.joined(separator: ", "))")
    }
    for modality in modalities {
      try check(
        modality.hasPossibleSizes, "modalities.\(modality.name)", modality.sampleShape,
        "sizes from 1 to \(Modality.largestSize)")
      // Causal attention sees the steps before a step. Those of the newest one come after it.
      try check(
        modality.order == nil || causal != true, "causal", "true, and \(modality.name) is newest first",
        "false for steps that are newest first")
      let count = modality.statisticsCount
      let statistics = normalization?[modality.name]
      for length in [statistics?.mean.count, statistics?.deviation.count].compactMap(\.self) {
        try check(length == count, "normalization.\(modality.name)", "\(length) numbers", "\(count)")
      }
      let divisors = statistics?.deviation ?? []
      try check(divisors.allSatisfy { $0 > 0 }, "normalization.\(modality.name).std", divisors.min() ?? 0, "above 0")
      if let means = cellMeans?[modality.name] {
        try check(means.count == count, "cell_means.\(modality.name)", "\(means.count) numbers", "\(count)")
      }
    }
    try checkEncoders(file: file)
  }
}
