import Torch

/// The condition of samples: unchanged, corrupted, or with modalities missing.
///
/// ```swift
/// let condition = DataCondition(shift: try Shift(named: "noise:3"), missing: .sample(0.5))
/// let target = try condition.unlabelled(Dataset("gestures"), "test", seed: 0)
/// ```
public struct DataCondition: Equatable, Sendable {
  /// The corruption of the inputs; nil for none.
  public var shift: Shift?
  /// The modalities that are corrupted; nil for all.
  public var modalities: [String]?
  /// The rule by which modalities go missing; nil for the data as it is.
  public var missing: MissingProtocol?

  /// Makes a condition, without arguments that of the data as it is.
  public init(shift: Shift? = nil, modalities: [String]? = nil, missing: MissingProtocol? = nil) {
    (self.shift, self.modalities, self.missing) = (shift, modalities, missing)
  }

  /// Reads a split without targets under this condition.
  ///
  /// The corruption depends on the seed and the split's name, as in ``Dataset/labelled(_:corruptedBy:only:seed:)``. The
  /// missing modalities depend on the split alone, so they are the same for every seed.
  /// - Throws: `Fault(.usage)` if the data cannot have this condition, and the faults of reading.
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
    return UnlabelledSplit(
      name: samples.name, inputs: inputs, lengths: samples.lengths, ids: samples.ids, volumes: samples.volumes)
  }
}
