import Torch

/// Training with missing data: a new mask for each epoch, one and the same for validation.
///
/// The mask of an epoch follows from seed and epoch, a sample's pattern from its place in the mask.
public final class MissingCorruption: InputCorruption {
  /// The rule and its seed.
  public let name: String
  /// What is missing from the validation split.
  public let validationMask: MissingMask
  private let rule: MissingProtocol
  private let samples: Inputs
  private let modalities: [Modality]
  private let seed: UInt64
  private var current: (epoch: Int, mask: MissingMask)?

  /// Training on `training` by a rule.
  /// - Throws: `Fault(.usage)` where data of these modalities cannot go missing so.
  public init(
    _ rule: MissingProtocol, training: UnlabelledSplit, validation: UnlabelledSplit, _ modalities: [Modality],
    seed: UInt64
  ) throws(Fault) {
    (self.rule, self.modalities, self.seed, samples) = (rule, modalities, seed, training.inputs)
    name = "\(rule), seed \(seed)"
    validationMask = try rule.mask(for: validation, modalities, seed: Self.seed(seed, stream: 0))
  }

  /// What is missing from the training split in an epoch, counted from 0.
  public func mask(epoch: Int) -> MissingMask {
    if let current, current.epoch == epoch { return current.mask }
    let mask = rule.draw(samples, modalities, seed: Self.seed(seed, stream: UInt64(epoch) + 1))
    current = (epoch, mask)
    return mask
  }

  /// Takes away what is missing in this epoch.
  public func training(_ inputs: Inputs, indices: [Int], epoch: Int) -> Inputs {
    mask(epoch: epoch).apply(to: inputs, indices: indices)
  }

  /// Takes away what is missing from the validation split.
  public func validation(_ inputs: Inputs, indices: [Int]) -> Inputs {
    validationMask.apply(to: inputs, indices: indices)
  }

  /// A seed for each stream of a run (SplitMix64's mixing), so that neighbouring seeds and epochs share nothing.
  private static func seed(_ seed: UInt64, stream: UInt64) -> UInt64 {
    var z = (seed ^ 0x6D69_7373_696E_6700) &+ (stream &+ 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
