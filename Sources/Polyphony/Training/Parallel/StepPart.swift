import Torch

/// Some samples of a batch, with their share in its mean loss.
struct StepPart {
  /// The samples as the model sees them, on its device.
  var batch: Batch
  /// The same samples before ``InputCorruption``; nil without corruption.
  var complete: Inputs?
  /// The place of the samples in the batch.
  var place: BatchPart
  /// The share of the samples in the mean loss of the batch.
  var share: Double
}

/// The random streams at the start of a step, from which each of its parts draws.
struct RandomPlace {
  private let stream = DropoutStream.shared
  private let start: (dropout: DropoutStream.State, generator: [UInt8])?

  /// - Parameter isShared: true if several passes draw the numbers of one step.
  init(isShared: Bool) { start = isShared ? (stream.state, Generator.standard.state) : nil }

  /// Lets the next draws be those of a part. A whole batch leaves no mark in the stream, which other threads may share.
  func begin(_ part: BatchPart) {
    stream.part = part.count < part.whole ? part : nil
    guard let start else { return }
    stream.state = start.dropout
    try? Generator.standard.restore(start.generator)
  }

  /// Lets the next draws be those of whole batches again.
  func end() { stream.part = nil }
}
