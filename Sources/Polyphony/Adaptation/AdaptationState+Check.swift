import Torch

extension AdaptationState {
  /// Checks every number of a saved state against the run that resumes from it.
  ///
  /// - Parameters:
  ///   - session: the session of this run before its first step.
  ///   - file: the file for errors.
  /// - Throws: `Fault(.badData)` with the key.
  func check(resumedBy session: AdaptationSession, file: String) throws(Fault) {
    let numbers = SavedNumbers(file: file)
    let sampler = BatchSampler(count: session.samples.count, batchSize: session.settings.batchSize, seed: nil)
    let batches = sampler.batchCount
    if session.isOnline {
      // All batches of a stream belong to one epoch, and each has a record.
      try numbers.check("epoch", epoch, in: 0...0)
      try numbers.check("stepInEpoch", stepInEpoch, in: 0...batches)
      try numbers.check("step", step, in: stepInEpoch...stepInEpoch)
      try numbers.check("records", records.count, in: step...step)
      try numbers.check("returns", returns.count, in: 0...step)
      try numbers.check("recentContrast", recentContrast.count, in: 0...CollapseGuard.window)
      try numbers.require(sums.isEmpty, "sums", sums, "zeros")
      try numbers.require(!isEnded, "isEnded", isEnded, "false")
    } else {
      try numbers.check("epoch", epoch, in: 0...TrainingState.largestCount)
      // A checkpoint within an epoch has some steps of it, but never all.
      try numbers.check("stepInEpoch", stepInEpoch, in: 0...max(0, batches - 1))
      let (most, overflow) = epoch.multipliedReportingOverflow(by: batches)
      try numbers.require(!overflow, "epoch", epoch, "fewer epochs")
      try numbers.check("step", step, in: stepInEpoch...most + stepInEpoch)
      // Every epoch ends in a record, or in a return to the last good state.
      try numbers.check("returns", returns.count, in: 0...epoch)
      try numbers.check("records", records.count, in: epoch - returns.count...epoch - returns.count)
      try numbers.check("recentContrast", recentContrast.count, in: 0...0)
      try numbers.require(stepInEpoch > 0 || sums.isEmpty, "sums", sums, "zeros at the start of an epoch")
      try numbers.require(!isEnded || !returns.isEmpty, "isEnded", isEnded, "false without a return")
    }
    try sums.check(numbers, steps: stepInEpoch)
    try numbers.checkFinite("contrastReference", contrastReference)
    for (index, value) in recentContrast.enumerated() { try numbers.checkFinite("recentContrast.\(index)", value) }
    for (index, record) in records.enumerated() { try record.check(numbers, "records.\(index)", epoch + 1, step) }
    for (index, record) in returns.enumerated() { try record.check(numbers, "returns.\(index)", epoch + 1, step) }
  }

  /// Checks the position of a saved state, offline, against the epochs of a method that has its state back.
  func checkPosition(_ method: any AdaptationMethod, _ session: AdaptationSession, file: String) throws(Fault) {
    guard !session.isOnline else { return }
    let numbers = SavedNumbers(file: file)
    try numbers.check("epoch", epoch, in: 0...method.epochs)
    guard stepInEpoch > 0 else { return }
    let count = method.samples(session)?.count ?? session.samples.count
    let batches = BatchSampler(count: count, batchSize: session.settings.batchSize, seed: nil).batchCount
    try numbers.check("stepInEpoch", stepInEpoch, in: 0...max(0, batches - 1))
  }
}

extension AdaptationState.Sums {
  fileprivate var isEmpty: Bool { loss == 0 && losses == 0 && contrast == 0 && contrasts == 0 && learned == 0 }

  fileprivate func check(_ numbers: SavedNumbers, steps: Int) throws(Fault) {
    try numbers.checkFinite("sums.loss", loss)
    try numbers.checkFinite("sums.contrast", contrast)
    try numbers.check("sums.losses", losses, in: 0...steps)
    try numbers.check("sums.contrasts", contrasts, in: 0...steps)
    try numbers.require(learned >= 0, "sums.learned", learned, "0 or more")
  }
}

extension AdaptationRecord {
  fileprivate func check(_ numbers: SavedNumbers, _ key: String, _ epochs: Int, _ steps: Int) throws(Fault) {
    try numbers.check("\(key).epoch", epoch, in: 1...epochs)
    try numbers.check("\(key).step", step, in: 0...steps)
    try numbers.checkFinite("\(key).loss", loss)
    try numbers.checkFinite("\(key).drift", drift)
    try numbers.require(learned >= 0, "\(key).learned", learned, "0 or more")
  }
}

extension CollapseRecord {
  fileprivate func check(_ numbers: SavedNumbers, _ key: String, _ epochs: Int, _ steps: Int) throws(Fault) {
    try numbers.check("\(key).epoch", epoch, in: 1...epochs)
    try numbers.check("\(key).step", step, in: 0...steps)
    try numbers.checkFinite("\(key).value", value)
    try numbers.checkFinite("\(key).bound", bound)
  }
}
