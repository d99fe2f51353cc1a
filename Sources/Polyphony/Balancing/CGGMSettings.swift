import Torch

/// The settings of CGGM: the section `balance.cggm` of a recipe.
public struct CGGMSettings: Equatable, Sendable {
  /// What of the method acts.
  public enum Parts: String, Sendable, CaseIterable {
    /// Encoders' gradients are scaled, and the direction term is in the loss.
    case both
    /// Gradients are scaled only.
    case magnitude
    /// The direction term only.
    case direction
    /// Nothing: joint training under the eyes of the classifiers, to compare the modalities' curves with.
    case watch

    /// Whether B_i multiplies the encoders' gradients.
    var scalesGradients: Bool { self == .both || self == .magnitude }
    /// Whether L_gm is in the loss.
    var hasDirectionTerm: Bool { self == .both || self == .direction }
  }

  /// What B_i multiplies.
  public enum Target: String, Sendable, CaseIterable {
    /// The gradients, before clipping (as published).
    case gradients
    /// The step of the optimiser, that is the learning rate of the modality's parameters: eq. 8 for optimisers whose
    /// step does not follow the gradient's size, such as Adam.
    case updates
  }

  /// ε(0), from which progress is counted.
  public enum Start: String, Sendable, CaseIterable {
    /// 0 (as published).
    case zero
    /// What a classifier that has learned nothing scores: with a smoothing near 1, B_i then follows how far each modality
    /// has come above chance.
    case chance
  }

  /// The values published for a data set.
  public enum Preset: String, Sendable, CaseIterable {
    /// No data set: the neutral ρ, λ at its default.
    case none
    /// CMU-MOSI.
    case mosi
    /// IEMOCAP.
    case iemocap
    /// UPMC Food-101.
    case food101
    /// BraTS, segmentation.
    case brats

    /// ρ, λ, and the classifiers' learning rate and weight decay, where published.
    var values: (rho: Double?, lambda: Double, rate: Double?, decay: Double?) {
      switch self {
      case .none: (nil, 0.1, nil, nil)
      case .mosi, .iemocap: (1.3, 0.2, 5e-4, nil)
      case .food101: (1.3, 0.05, 5e-4, 3e-3)
      case .brats: (1.0, 0.1, 6e-3, nil)
      }
    }
  }

  /// What of the method acts.
  public var parts = Parts.both
  /// What B_i multiplies.
  public var target = Target.gradients
  /// ρ; nil for the neutral M/(M − 1).
  public var rho: Double?
  /// λ.
  public var lambda = 0.1
  /// s of the scores' exponential average; 0 is the paper.
  public var smoothing = 0.9
  /// ε(0).
  public var start = Start.zero
  /// How much of the classifiers' gradient reaches the encoders; 0 (as published) none. Beyond the paper: where joint
  /// training leaves an encoder hardly any gradient, B_i times hardly any is no help.
  public var teaching = 0.0
  /// B_max; nil for ρ.
  public var limit: Double?
  /// ε of regression; nil for the task's own.
  public var score: ModalityScore.Regression?
  /// Layers of the classifiers' encoders (the paper: one or two); nil for the model's `classifier_layers`, or 1.
  public var classifierLayers: Int?
  /// The classifiers' optimiser; nil for the model's.
  public var classifierOptimizer: TrainingSettings.OptimizerName?
  /// The classifiers' learning rate; nil for half the model's.
  public var classifierLearningRate: Double?
  /// The classifiers' weight decay; nil for the model's.
  public var classifierWeightDecay: Double?

  /// The defaults.
  public init() {}

  /// The values published for a data set; whatever is not published has its default.
  public init(_ preset: Preset) {
    (rho, lambda, classifierLearningRate, classifierWeightDecay) = preset.values
    // As in the paper, which neither smooths nor clamps, and in the released code, whose classifiers have two layers.
    if preset != .none { (smoothing, classifierLayers) = (0, 2) }
  }

  /// Reads the section; a preset changes the defaults of the keys behind it.
  public init(_ reader: SettingsReader, parts fixed: Parts? = nil, teaching taught: Double? = nil) throws(Fault) {
    self.init(try reader.choice("preset", default: Preset.none))
    parts = try reader.choice("parts", default: .both)
    if let fixed { parts = fixed }
    target = try reader.choice("scale", default: target)
    rho = try reader.optional("rho", .double(in: Above(0))) ?? rho
    lambda = try reader.double("lambda", default: lambda, in: 0...)
    smoothing = try reader.double("smoothing", default: smoothing, in: 0..<1)
    start = try reader.choice("start", default: start)
    teaching = try reader.double("teaching", default: taught ?? teaching, in: 0...)
    limit = try reader.optional("limit", .double(in: Above(0)))
    score = try reader.optional("score", .choice(of: ModalityScore.Regression.self))
    classifierLayers = try reader.optional("classifier_layers", .int(in: 1...64)) ?? classifierLayers
    classifierOptimizer = try reader.optional("classifier_optimizer", .choice(of: TrainingSettings.OptimizerName.self))
    classifierLearningRate =
      try reader.optional("classifier_learning_rate", .double(in: Above(0))) ?? classifierLearningRate
    classifierWeightDecay =
      try reader.optional("classifier_weight_decay", .double(in: 0...)) ?? classifierWeightDecay
  }
}
