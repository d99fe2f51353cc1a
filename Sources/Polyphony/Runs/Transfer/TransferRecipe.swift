import Torch

/// The recipe of a comparison of tuning methods by transfer.
public struct TransferRecipe: Sendable {
  /// The backbone of the base.
  public var model: ModelSettings
  /// The settings of the pretraining loop.
  public var pretraining: TrainingSettings
  /// The settings of the tuning loop, except for the learning rate.
  public var training: TrainingSettings
  /// The learning rates of the tuning. Validation chooses the best one for each method and amount of samples.
  public var rates: [Double]
  /// The number of first seeds that try every rate. The other seeds run with the chosen rate alone.
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
