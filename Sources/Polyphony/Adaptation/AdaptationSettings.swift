import Torch

/// The settings of all methods of test-time adaptation, keys of the section `adaptation` of a recipe.
///
/// ```swift
/// var settings = AdaptationSettings()
/// settings.learningRate = 1e-4
/// settings.bounds.maximumDrift = 0.5
/// ```
public struct AdaptationSettings: Equatable, Sendable {
  /// Passes over the target, offline. CASP has two settings of its own instead.
  public var epochs = 1
  /// Samples per step.
  public var batchSize = 24
  /// The optimiser.
  public var optimizer = TrainingSettings.OptimizerName.adam
  /// The learning rate.
  public var learningRate = 1e-3
  /// The largest gradient norm; 0 for none.
  public var clip = 0.8
  /// Updates per batch, online.
  public var steps = 1
  /// True if every batch starts from the source model again, online.
  public var episodic = false
  /// The bounds beyond which adaptation returns to the last good state.
  public var bounds = CollapseBounds()

  /// Makes the default settings.
  public init() {}

  /// Reads the section.
  /// - Parameters:
  ///   - reader: the section of the recipe.
  ///   - defaults: the method's defaults.
  ///   - hasEpochs: true if the method uses `epochs`.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public init(
    _ reader: SettingsReader, defaults: AdaptationSettings = .init(), hasEpochs: Bool = true
  ) throws(Fault) {
    self = defaults
    let counts = 1...TrainingState.largestCount
    if hasEpochs { epochs = try reader.int("epochs", default: epochs, in: counts) }
    batchSize = try reader.int("batch_size", default: batchSize, in: counts)
    optimizer = try reader.choice("optimizer", default: optimizer)
    learningRate = try reader.double("learning_rate", default: learningRate, in: Above(0))
    clip = try reader.double("clip", default: clip, in: 0...)
    steps = try reader.int("steps", default: steps, in: 1...)
    episodic = try reader.bool("episodic", default: episodic)
    bounds = try reader.section("guard") { (section) throws(Fault) in try CollapseBounds(section, defaults: bounds) }
  }

  func makeOptimizer(_ group: ParameterGroup) -> any Optimizer {
    var training = TrainingSettings()
    training.optimizer = optimizer
    return training.makeOptimizer([group])
  }
}
