import Torch

/// Samples that pretrain the base of a transfer, or the encoders of some of its modalities.
public struct TransferSource {
  /// The splits.
  public var splits: Splits
  /// The names of the modalities that the pretraining uses. Default: all modalities.
  public var only: [String]?

  /// Describes a pretraining.
  public init(_ splits: Splits, only: [String]? = nil) { (self.splits, self.only) = (splits, only) }
}
