import Torch

/// The settings of CGGM, the section `balance.cggm` of a recipe.
///
/// ```swift
/// var settings = CGGMSettings()
/// settings.parts = .magnitude
/// settings.rho = 1.3
/// ```
public struct CGGMSettings: Equatable, Sendable {
  /// The active parts of the method.
  public enum Parts: String, Sendable, CaseIterable {
    /// Scales the encoders' gradients and adds the direction term to the loss.
    case both
    /// Scales the encoders' gradients only.
    case magnitude
    /// Adds the direction term only.
    case direction
    /// Trains the classifiers but changes nothing, so that the curves of joint training can be compared.
    case watch

    /// True if B_i multiplies the encoders' gradients.
    var scalesGradients: Bool { self == .both || self == .magnitude }
    /// True if the loss contains L_gm.
    var hasDirectionTerm: Bool { self == .both || self == .direction }
  }

  /// The quantity that B_i multiplies.
  public enum Target: String, Sendable, CaseIterable {
    /// The gradients, before clipping (as published).
    case gradients
    /// The step of the optimiser, that is, the learning rate of the modality's parameters. This is eq. 8 for optimisers
    /// such as Adam, whose step does not depend on the gradient's size.
    case updates
  }

  /// The rule for the rates of dropout of encodings.
  public enum Dropping: String, Sendable, CaseIterable {
    /// Every modality has the rate `drop` in every step.
    case always
    /// The rates follow from the lag of the fusion behind single modalities on the validation split, and `drop` is the
    /// largest. They are 0 in the first epoch and change at the end of each epoch.
    case lag
  }

  /// The start ε(0) of the progress.
  public enum Start: String, Sendable, CaseIterable {
    /// 0 (as published).
    case zero
    /// The score of an untrained classifier. With a smoothing near 1, B_i then depends on each modality's progress
    /// above chance.
    case chance
  }

  /// The published values for a data set.
  public enum Preset: String, Sendable, CaseIterable {
    /// The neutral ρ and the default λ, for no data set in particular.
    case none
    /// CMU-MOSI.
    case mosi
    /// IEMOCAP.
    case iemocap
    /// UPMC Food-101.
    case food101
    /// BraTS, segmentation.
    case brats

    /// The published values of ρ, λ, and the classifiers' learning rate and weight decay; nil if unpublished.
    var values: (rho: Double?, lambda: Double, rate: Double?, decay: Double?) {
      switch self {
      case .none: (nil, 0.1, nil, nil)
      case .mosi, .iemocap: (1.3, 0.2, 5e-4, nil)
      case .food101: (1.3, 0.05, 5e-4, 3e-3)
      case .brats: (1.0, 0.1, 6e-3, nil)
      }
    }
  }

  /// The active parts of the method.
  public var parts = Parts.both
  /// The quantity that B_i multiplies.
  public var target = Target.gradients
  /// ρ; nil for the neutral M/(M − 1).
  public var rho: Double?
  /// λ, the weight of the direction term.
  public var lambda = 0.1
  /// The numbers that B_i is computed from.
  public var measure = BalancingTerms.Measure.progress
  /// s, the smoothing of the scores' exponential average; 0 as published.
  public var smoothing = 0.9
  /// ε(0), the start of the progress. Levels always count from chance, or from 0 where the targets decide what chance
  /// scores.
  public var start = Start.zero
  /// The share of the classifiers' gradient that reaches the encoders; 0 as published.
  ///
  /// It goes beyond the paper. If joint training leaves an encoder almost without a gradient, B_i times that gradient
  /// does not help.
  public var teaching = 0.0
  /// The probability that the fusion reads zeros in place of a sample's encoding, in training; 0 as published.
  ///
  /// It goes beyond the paper too. A better encoder raises the score only if the fusion reads it, and a fusion whose
  /// loss has vanished does not learn to. With ``Dropping/lag`` this is the largest probability.
  public var drop = 0.0
  /// The rule for the rates of that dropout.
  public var dropping = Dropping.always
  /// B_max; nil for ρ.
  public var limit: Double?
  /// The score ε of a regression; nil for the task's own.
  public var score: ModalityScore.Regression?
  /// The number of layers in the classifiers' encoders (one or two in the paper); nil for the model's
  /// `classifier_layers`, or 1.
  public var classifierLayers: Int?
  /// The classifiers' optimiser; nil for the model's.
  public var classifierOptimizer: TrainingSettings.OptimizerName?
  /// The classifiers' learning rate; nil for half the model's.
  public var classifierLearningRate: Double?
  /// The classifiers' weight decay; nil for the model's.
  public var classifierWeightDecay: Double?

  /// Makes the default settings.
  public init() {}

  /// CGGM whose classifiers also teach the encoders.
  static var teaching: CGGMSettings {
    var settings = CGGMSettings()
    settings.teaching = 1
    return settings
  }

  /// The settings of the strategy `balanced`: B_i follows levels and scales updates, the classifiers teach a little, and
  /// the fusion loses encodings while it lags behind a single modality.
  ///
  /// The whole gradient of the classifiers would shape the encoders for single modalities, which costs accuracy where a
  /// prediction needs several.
  public static var balanced: CGGMSettings {
    var settings = CGGMSettings()
    settings.teaching = 0.1
    (settings.parts, settings.measure, settings.target) = (.magnitude, .level, .updates)
    (settings.drop, settings.dropping) = (0.9, .lag)
    return settings
  }

  /// Makes the published settings for a data set. Unpublished values have their defaults.
  public init(_ preset: Preset) { apply(preset) }

  private mutating func apply(_ preset: Preset) {
    guard preset != .none else { return }
    (rho, lambda, classifierLearningRate, classifierWeightDecay) = preset.values
    // The paper neither smooths nor clamps, and the classifiers of the released code have two layers.
    (smoothing, classifierLayers) = (0, 2)
  }

  /// The section's settings, with defaults other than CGGM's own.
  ///
  /// A preset, and the measure `level`, change the defaults of other keys.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public init(_ reader: SettingsReader, defaults: CGGMSettings = .init(), parts fixed: Parts? = nil) throws(Fault) {
    self = defaults
    apply(try reader.choice("preset", default: Preset.none))
    parts = try reader.choice("parts", default: parts)
    if let fixed { parts = fixed }
    target = try reader.choice("scale", default: target)
    rho = try reader.optional("rho", .double(in: Above(0))) ?? rho
    lambda = try reader.double("lambda", default: lambda, in: 0...)
    measure = try reader.choice("measure", default: measure)
    // The level of a single batch is mostly noise.
    if measure == .level { smoothing = 0.99 }
    smoothing = try reader.double("smoothing", default: smoothing, in: 0..<1)
    start = try reader.choice("start", default: start)
    teaching = try reader.double("teaching", default: teaching, in: 0...)
    drop = try reader.double("drop", default: drop, in: 0..<1)
    dropping = try reader.choice("dropping", default: dropping)
    limit = try reader.optional("limit", .double(in: Above(0))) ?? limit
    score = try reader.optional("score", .choice(of: ModalityScore.Regression.self)) ?? score
    classifierLayers = try reader.optional("classifier_layers", .int(in: 1...64)) ?? classifierLayers
    classifierOptimizer =
      try reader.optional("classifier_optimizer", .choice(of: TrainingSettings.OptimizerName.self))
      ?? classifierOptimizer
    classifierLearningRate =
      try reader.optional("classifier_learning_rate", .double(in: Above(0))) ?? classifierLearningRate
    classifierWeightDecay =
      try reader.optional("classifier_weight_decay", .double(in: 0...)) ?? classifierWeightDecay
  }
}
