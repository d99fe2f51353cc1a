import Torch

/// The defaults of a recipe for one backbone: its sizes and the settings of its training.
///
/// ```swift
/// let defaults = Architectures.defaults(of: "unet")
/// print(defaults.width, defaults.training.epochs)
/// ```
public struct ArchitectureDefaults: Sendable {
  /// Features per step, or channels at full resolution.
  public var width = 40
  /// Attention heads.
  public var heads = 8
  /// Layers per encoder, or the number of resolutions.
  public var layers = 5
  /// The dropout rates.
  public var dropout = DropoutRates(attention: 0.1, relu: 0.1, residual: 0.1, embedding: 0.25)
  /// The settings of the training.
  public var training = TrainingSettings()

  /// Makes the general defaults.
  public init() {}

  /// The defaults of a U-Net, chosen on the validation slices of four contrasts in 88 × 104 pixels for two cores.
  static let unet = {
    var defaults = ArchitectureDefaults()
    (defaults.width, defaults.heads, defaults.layers) = (8, 1, 4)
    defaults.dropout = DropoutRates()
    (defaults.training.epochs, defaults.training.batchSize) = (40, 4)
    (defaults.training.learningRate, defaults.training.clip) = (3e-3, 12)
    defaults.training.schedule = .cosine
    defaults.training.select = "dice_volume"
    defaults.training.augment = ImageAugmentation.Change.allCases
    return defaults
  }()
}
