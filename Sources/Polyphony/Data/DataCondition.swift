import Torch

/// Under which condition samples are met: as they are, corrupted, with modalities missing.
public struct DataCondition: Equatable, Sendable {
  /// How inputs are corrupted; nil for not at all.
  public var shift: Shift?
  /// The modalities that are corrupted; nil for all.
  public var modalities: [String]?
  /// How modalities go missing; nil for the data as it is.
  public var missing: MissingProtocol?

  /// A condition; without arguments the data as it is.
  public init(shift: Shift? = nil, modalities: [String]? = nil, missing: MissingProtocol? = nil) {
    (self.shift, self.modalities, self.missing) = (shift, modalities, missing)
  }

  /// A split without targets under this condition.
  ///
  /// The corruption follows from the seed and the split's name as in ``Dataset/labelled(_:corruptedBy:only:seed:)``; what is
  /// missing follows from the split alone, so that it is the same for every seed.
  /// - Throws: What reading throws, `Fault(.usage)` where the data cannot be met so.
  public func unlabelled(_ dataset: Dataset, _ split: String, seed: UInt64) throws(Fault) -> UnlabelledSplit {
    let samples =
      if let shift {
        try dataset.unlabelled(split, corruptedBy: shift, only: modalities, seed: seed)
      } else {
        try dataset.unlabelled(split)
      }
    guard let missing else { return samples }
    let mask = try missing.mask(for: samples, dataset.description.modalities, seed: 0)
    let inputs = noGrad { mask.apply(to: samples.inputs, indices: Array(0..<samples.count)) }
    return UnlabelledSplit(name: samples.name, inputs: inputs, lengths: samples.lengths, ids: samples.ids)
  }
}
