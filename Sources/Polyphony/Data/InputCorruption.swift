/// Changes the inputs of a run before the model sees them: takes modalities away, adds noise.
///
/// What happens to a sample follows from the corruption's seed, the epoch and the sample's index alone, so that a run
/// that was stopped goes on with the same inputs, and validation is the same in every epoch.
public protocol InputCorruption: AnyObject {
  /// What it does, with its seed; a resumed run must have the same.
  var name: String { get }
  /// Changes samples of the training split.
  /// - Parameters:
  ///   - inputs: the samples.
  ///   - indices: where the samples stand in the split.
  ///   - epoch: counted from 0.
  func training(_ inputs: Inputs, indices: [Int], epoch: Int) -> Inputs
  /// Changes samples of the validation split.
  func validation(_ inputs: Inputs, indices: [Int]) -> Inputs
}
