import Foundation
import Torch

/// The state of a run besides its tensors, on disk as `state.json` of a checkpoint. A resumed run continues with the
/// same bits.
struct TrainingState: Codable {
  /// The number of complete epochs.
  var epoch = 0
  /// The number of steps done in the current epoch.
  var stepInEpoch = 0
  /// The number of steps of the whole run.
  var step = 0
  /// The sum of loss · samples over the current epoch, and the number of samples.
  var lossSum = 0.0
  var sampleCount = 0
  /// The schedule of the learning rate.
  var schedule: LearningRateSchedule
  /// The best score on the validation split, and its epoch.
  var best: Double?
  var bestEpoch = 0
  /// The states of the random streams: the fused dropout's and libtorch's (bytes in base 64).
  var dropout = DropoutStream.shared.state
  var generator = ""
  /// The number of epochs of the run. A resumed run may have another.
  var epochs: Int
  /// Settings, seed, samples and starting weights of the run. A resumed run must have the same.
  var identity = RunIdentity()
  /// The version of the library that wrote the state.
  var polyphony = Polyphony.version
  /// The arithmetic of the machine, which the last bits depend on. A run may resume on another machine, and then notes
  /// the difference.
  var arithmetic = Libtorch.arithmetic

  /// Records the states of the random streams.
  mutating func captureRandomness() {
    dropout = DropoutStream.shared.state
    generator = Data(Generator.standard.state).base64EncodedString()
  }

  /// Restores the recorded states of the random streams.
  func restoreRandomness(file: String) throws(Fault) {
    guard let bytes = Data(base64Encoded: generator) else {
      throw Fault(.badData, "the saved random generator is damaged", file: file, key: "generator")
    }
    do throws(Fault) {
      try Generator.standard.restore(Array(bytes))
    } catch {
      throw Fault(error.kind, error.problem, file: file, key: "generator", found: error.found)
    }
    DropoutStream.shared.state = dropout
  }
}
