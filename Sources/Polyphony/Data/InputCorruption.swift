/// A change of a run's inputs before the model receives them, such as missing modalities or noise.
///
/// The change of a sample depends only on the corruption's seed, the epoch and the sample's index. So a resumed run
/// computes with the same inputs, and validation is the same in every epoch.
public protocol InputCorruption: AnyObject {
  /// The rule with its seed. A resumed run must have the same name.
  var name: String { get }
  /// True if samples lose single steps, and not modalities as a whole alone.
  var losesSteps: Bool { get }
  /// Changes samples of the training split.
  /// - Parameters:
  ///   - inputs: the samples.
  ///   - indices: their places in the split.
  ///   - epoch: the epoch, counted from 0.
  func training(_ inputs: Inputs, indices: [Int], epoch: Int) -> Inputs
  /// Changes samples of the validation split.
  func validation(_ inputs: Inputs, indices: [Int]) -> Inputs
}

extension InputCorruption {
  /// Default: true, which is always safe.
  public var losesSteps: Bool { true }
}
