import Torch

extension TrainingState {
  /// The largest number of epochs.
  static let largestCount = 1_000_000_000

  /// Checks every number of a saved state against the run that resumes from it.
  ///
  /// - Parameters:
  ///   - start: the state of this run before its first step.
  ///   - sampler: the batches of an epoch.
  ///   - file: the file for errors.
  /// - Throws: `Fault(.badData)` with the key.
  func check(resumedBy start: TrainingState, _ sampler: BatchSampler, file: String) throws(Fault) {
    let numbers = SavedNumbers(file: file)
    try numbers.check("epochs", epochs, in: 1...Self.largestCount)
    try numbers.check("epoch", epoch, in: 0...epochs)
    // A checkpoint within an epoch has some steps of it, but never all.
    try numbers.check("stepInEpoch", stepInEpoch, in: 0...max(0, sampler.batchCount - 1))
    let (whole, overflow) = epoch.multipliedReportingOverflow(by: sampler.batchCount)
    try numbers.require(!overflow, "epoch", epoch, "fewer epochs")
    try numbers.check("step", step, in: whole + stepInEpoch...whole + stepInEpoch)
    let samples = stepInEpoch * sampler.batchSize
    try numbers.check("sampleCount", sampleCount, in: samples...samples)
    try numbers.require(lossSum.isFinite && (stepInEpoch > 0 || lossSum == 0), "lossSum", lossSum, "the epoch's sum")
    try numbers.check("bestEpoch", bestEpoch, in: min(epoch, 1)...epoch)
    try numbers.checkFinite("best", best)
    try numbers.require(epoch > 0 || best == nil, "best", best ?? 0, "no score before the first epoch")
    try numbers.check("dropout.offset", dropout.offset, in: 0...(1 << 53))
    if let (key, found, expected) = schedule.inconsistency(startedAs: start.schedule, steps: step, epochs: epoch) {
      try numbers.require(false, "schedule.\(key)", found, expected)
    }
  }
}
