import Torch

/// What a tuning method is for: a model pretrained on one thing is to do another, of which there are few samples.
///
/// Validation, which chooses epochs and learning rates, is cut to as many samples as training has, so that few samples
/// mean few labels; scores are those of the whole test split.
public struct TransferTask {
  /// How much of the new task's training and validation splits there is.
  public enum Amount: Equatable, Sendable, CustomStringConvertible {
    /// So many samples of every class, or of all where there are no classes.
    case samples(Int)
    /// Everything.
    case all

    /// The number, or `all`.
    public var description: String { if case .samples(let count) = self { "\(count)" } else { "all" } }

    /// From the text of a ``description``; nil for anything else.
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

  /// What it is called.
  public var name: String
  /// The inputs of both sides.
  public var modalities: [Modality]
  /// What both sides predict; the base's head is kept.
  public var prediction: PredictionTask
  /// The modalities that the pretraining sees; nil for all.
  public var only: [String]?
  /// What the base is pretrained on.
  public var source: Splits
  /// What it is tuned to.
  public var target: Splits
  /// How much of the target is used, unless somebody asks for other amounts.
  public var amounts: [Amount]

  /// A transfer.
  public init(
    name: String, modalities: [Modality], prediction: PredictionTask, only: [String]? = nil, source: Splits,
    target: Splits, amounts: [Amount]
  ) {
    (self.name, self.modalities, self.prediction, self.only) = (name, modalities, prediction, only)
    (self.source, self.target, self.amounts) = (source, target, amounts)
  }

  /// The target with so many samples for training and validation, drawn from a seed, and its whole test split.
  public func target(_ amount: Amount, seed: UInt64) throws(Fault) -> Splits {
    guard case .samples(let count) = amount else { return target }
    return try target.few(count, of: prediction, seed: seed)
  }
}
