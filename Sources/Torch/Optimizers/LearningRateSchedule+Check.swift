import Foundation

extension LearningRateSchedule {
  /// Finds what is wrong with a schedule that was read from a file.
  ///
  /// - Parameters:
  ///   - start: the schedule as the run makes it. A cosine may have another end, because a run may get more epochs.
  ///   - steps: the number of steps so far.
  ///   - epochs: the number of epochs so far.
  /// - Returns: the first wrong member, its value and the expected one. Nil if all are consistent.
  package func inconsistency(
    startedAs start: LearningRateSchedule, steps: Int, epochs: Int
  ) -> (key: String, found: String, expected: String)? {
    guard rule == start.rule || hasOnlyAnotherEnd(than: start.rule) else {
      return ("rule", "\(rule)", "\(start.rule)")
    }
    guard self.steps == steps else { return ("steps", "\(self.steps)", "\(steps)") }
    guard self.epochs == epochs else { return ("epochs", "\(self.epochs)", "\(epochs)") }
    if let best, !best.isFinite { return ("best", "\(best)", "a finite number") }
    var (patience, cooldown) = (0, 0)
    if case .plateau(_, let most, _, let pause, _) = rule { (patience, cooldown) = (most, pause) }
    guard (0...patience).contains(worse) else { return ("worse", "\(worse)", "0 to \(patience)") }
    guard (0...cooldown).contains(cooling) else { return ("cooling", "\(cooling)", "0 to \(cooldown)") }
    switch rule {
    case .plateau(let reduction, _, _, _, let floor):
      // One reduction for each epoch at most.
      var value = 1.0
      for _ in 0..<epochs where value != factor { value = max(value * reduction, min(value, floor)) }
      guard value == factor else { return ("factor", "\(factor)", "1 after some reductions by \(reduction)") }
    case .constant, .step, .cosine:
      // Another machine may have computed the last bits otherwise.
      var replayed = LearningRateSchedule(rule)
      (replayed.steps, replayed.epochs) = (max(0, steps - 1), max(0, epochs - 1))
      if steps > 0 { replayed.endStep() }
      if epochs > 0 { replayed.endEpoch(loss: 0) }
      guard abs(replayed.factor - factor) <= 1e-9 else { return ("factor", "\(factor)", "\(replayed.factor)") }
    }
    return nil
  }

  private func hasOnlyAnotherEnd(than other: Rule) -> Bool {
    guard case .cosine(let warmup, let total, let floor) = rule, total >= 0,
      case .cosine(let otherWarmup, _, let otherFloor) = other
    else { return false }
    return warmup == otherWarmup && floor == otherFloor
  }
}
