import Torch

/// A transfer of a pretrained model to a target with few samples, which is the purpose of tuning methods.
///
/// The validation split chooses epochs and learning rates. It gets as many samples as the training split, so that few
/// samples mean few labels. The scores are those of the whole test split.
///
/// ```swift
/// let task = try TransferTask.corpus(modalities: 3)
/// let few = try task.target(.samples(50), seed: 0)
/// print(few.training.count, few.test.count)
/// ```
public struct TransferTask {
  /// The amount of samples in the target's training and validation splits.
  public enum Amount: Equatable, Sendable, CustomStringConvertible {
    /// A number of samples per class, or in total for a task without classes.
    case samples(Int)
    /// All samples.
    case all

    /// The number as text, or `all`.
    public var description: String { if case .samples(let count) = self { "\(count)" } else { "all" } }

    /// Reads the text of a ``description``. Returns nil for any other text.
    public init?(_ text: String) {
      if text == "all" {
        self = .all
      } else if let count = Int(text), count > 0 {
        self = .samples(count)
      } else {
        return nil
      }
    }
  }

  /// The name of the transfer.
  public var name: String
  /// The modalities of source and target.
  public var modalities: [Modality]
  /// The prediction task of source and target. The target keeps the base's head.
  public var prediction: PredictionTask
  /// The samples that pretrain the base, or one source for each modality whose encoder is pretrained by itself.
  public var sources: [TransferSource]
  /// The splits that tune the base.
  public var target: Splits
  /// The default amounts of the target's samples.
  public var amounts: [Amount]

  /// Describes a transfer.
  public init(
    name: String, modalities: [Modality], prediction: PredictionTask, sources: [TransferSource], target: Splits,
    amounts: [Amount]
  ) {
    (self.name, self.modalities, self.prediction, self.sources) = (name, modalities, prediction, sources)
    (self.target, self.amounts) = (target, amounts)
  }

  /// Draws an amount of the target's training and validation samples by a seed, and keeps the whole test split.
  public func target(_ amount: Amount, seed: UInt64) throws(Fault) -> Splits {
    guard case .samples(let count) = amount else { return target }
    return try target.few(count, of: prediction, seed: seed)
  }
}
