import Foundation
import Torch

/// Everything besides tensors that a run needs to go on with the same bits: `state.json` of a checkpoint.
struct TrainingState: Codable {
  /// Epochs that are complete.
  var epoch = 0
  /// Steps of the current epoch that are done.
  var stepInEpoch = 0
  /// Steps of the whole run.
  var step = 0
  /// The sum of loss · samples over the current epoch, and the samples.
  var lossSum = 0.0
  var sampleCount = 0
  /// The learning rate's course.
  var schedule: LearningRateSchedule
  /// The best score on the validation split, and the epoch it was reached in.
  var best: Double?
  var bestEpoch = 0
  /// Where the random streams stand: the fused dropout's and libtorch's (bytes in base 64).
  var dropout = DropoutStream.shared.state
  var generator = ""
  /// What the run was started with; a resumed run must be the same.
  var seed: UInt64
  var settings: TrainingSettings
  /// What inputs go through before training, by name; nil for nothing.
  var corruption: String?
  /// What weights the run started from, by hash; nil for random ones, and in older checkpoints.
  var origin: String?
  /// Who wrote this.
  var polyphony = Polyphony.version
  var libtorch = Libtorch.version
  /// What else the bits depend on; a run may be resumed elsewhere, and says so. Nil in older checkpoints.
  var arithmetic: String? = Libtorch.arithmetic

  /// Notes where the random streams stand.
  mutating func captureRandomness() {
    dropout = DropoutStream.shared.state
    generator = Data(Generator.standard.state).base64EncodedString()
  }

  /// Puts the random streams where they stood.
  func restoreRandomness(file: String) throws(Fault) {
    guard let bytes = Data(base64Encoded: generator) else {
      throw Fault(.badData, "the saved random generator is damaged", file: file, key: "generator")
    }
    try Generator.standard.restore(Array(bytes))
    DropoutStream.shared.state = dropout
  }
}
