import Torch

/// Missing data in training: a new mask for each epoch, and one fixed mask for validation.
///
/// The mask of an epoch depends on seed and epoch. A sample's pattern is its row in the mask.
///
/// ```swift
/// let corruption = try MissingCorruption(
///   .sample(0.7), training: training.samples, validation: validation.samples, model.configuration.inputModalities,
///   seed: 0)
/// let trainer = try Trainer(
///   model, training: training, validation: validation, settings: .init(), seed: 0, corruption: corruption)
/// let outcome = try trainer.run()
/// ```
public final class MissingCorruption: InputCorruption {
  /// The rule with its seed.
  public let name: String
  /// The mask of the validation split.
  public let validationMask: MissingMask
  private let rule: MissingProtocol
  private let samples: Inputs
  private let modalities: [Modality]
  private let seed: UInt64
  private var current: (epoch: Int, mask: MissingMask)?

  /// Makes a corruption and draws the validation mask.
  /// - Throws: `Fault(.usage)` if the rule does not fit these modalities.
  public init(
    _ rule: MissingProtocol, training: UnlabelledSplit, validation: UnlabelledSplit, _ modalities: [Modality],
    seed: UInt64
  ) throws(Fault) {
    (self.rule, self.modalities, self.seed, samples) = (rule, modalities, seed, training.stored)
    name = "\(rule), seed \(seed)"
    validationMask = try rule.mask(for: validation, modalities, seed: Self.seed(seed, stream: 0))
  }

  /// True for a rule about steps.
  public var losesSteps: Bool {
    switch rule {
    case .token, .segment: true
    case .sample, .modality, .each, .fixed: false
    }
  }

  /// The mask of the training split in an epoch, counted from 0.
  public func mask(epoch: Int) -> MissingMask {
    if let current, current.epoch == epoch { return current.mask }
    let mask = rule.draw(samples, modalities, seed: Self.seed(seed, stream: UInt64(epoch) + 1))
    current = (epoch, mask)
    return mask
  }

  /// Removes the entries that this epoch's mask marks as missing.
  public func training(_ inputs: Inputs, indices: [Int], epoch: Int) -> Inputs {
    mask(epoch: epoch).apply(to: inputs, indices: indices)
  }

  /// Removes the entries that the validation mask marks as missing.
  public func validation(_ inputs: Inputs, indices: [Int]) -> Inputs {
    validationMask.apply(to: inputs, indices: indices)
  }

  /// A seed for each stream of a run, by SplitMix64's mixing, so that neighbouring seeds and epochs have unrelated
  /// draws.
  private static func seed(_ seed: UInt64, stream: UInt64) -> UInt64 {
    var z = (seed ^ 0x6D69_7373_696E_6700) &+ (stream &+ 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
