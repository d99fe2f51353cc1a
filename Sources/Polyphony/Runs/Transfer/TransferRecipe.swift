import Torch

/// Everything about a comparison of tuning methods that a recipe can say.
public struct TransferRecipe: Sendable {
  /// The backbone.
  public var model: ModelSettings
  /// The loop of the pretraining.
  public var pretraining: TrainingSettings
  /// The loop of the tuning, but for the learning rate.
  public var training: TrainingSettings
  /// Learning rates of the tuning; for each method and amount the best on validation is taken.
  public var rates: [Double]
  /// How many seeds, from the first on, try every rate; the others run with the chosen one alone.
  public var rateSeeds: Int

  /// Reads the sections `model`, `pretraining` and `training`, and the keys `rates` and `rate_seeds`.
  public init(_ reader: SettingsReader) throws(Fault) {
    model = try reader.section("model") { (section) throws(Fault) in try ModelSettings(section) }
    pretraining = try reader.section("pretraining") { (section) throws(Fault) in try TrainingSettings(section) }
    training = try reader.section("training") { (section) throws(Fault) in try TrainingSettings(section) }
    rates = try reader.list("rates", of: .double(in: Above(0)), default: [1e-3, 5e-3], count: 1...)
    rateSeeds = try reader.int("rate_seeds", default: 2, in: 1...)
  }
}
