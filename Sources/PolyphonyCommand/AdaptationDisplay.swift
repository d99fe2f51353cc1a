import Polyphony
import Torch

/// A display of an adaptation: a bar on a terminal, elsewhere a line per epoch, or per fifty batches of a stream.
final class AdaptationDisplay: AdaptationObserver {
  private static let batchesPerLine = 50
  private let name: String
  private let isOnline: Bool
  private let counter: RunCounter?
  private let display = ProgressDisplay.onStandardError()
  private var hasStarted = false
  private var start = ContinuousClock.now
  private var doneSteps = 0
  private var latest: TrainingProgress?
  private var secondsPerRun = 0.0

  init(name: String, isOnline: Bool, counter: RunCounter? = nil) {
    (self.name, self.isOnline, self.counter) = (name, isOnline, counter)
  }

  func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) {
    if hasStarted {
      // A choice among methods starts one candidate after the other in the same run.
      display.print(method)
    } else {
      if !name.isEmpty { display.print(name) }
      if step > 0 { display.print("resumed after step \(step)") }
    }
    (hasStarted, start, doneSteps) = (true, .now, 0)
  }

  func didStep(epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double?) {
    doneSteps += 1
    let elapsed = (ContinuousClock.now - start).inSeconds
    let left = (epochs - epoch) * steps + steps - step
    let progress = TrainingProgress(
      epoch: epoch, epochs: epochs, step: step, steps: steps, loss: loss,
      secondsLeft: elapsed / Double(doneSteps) * Double(left))
    latest = progress
    secondsPerRun = elapsed / Double(doneSteps) * Double(epochs * steps)
    display.update(progress)
  }

  func didEnd(_ record: AdaptationRecord) {
    guard var progress = latest else { return }
    let isLast = progress.step == progress.steps
    guard !isOnline || isLast || progress.step % Self.batchesPerLine == 0 else { return }
    if !isOnline { progress.loss = record.loss }
    (progress.secondsLeft, progress.scoreName, progress.score) = (nil, "drift", record.drift)
    display.finishEpoch(progress)
    if let text = counter?.estimate(secondsPerRun: secondsPerRun) { display.print(text) }
  }

  func didReturn(_ report: CollapseRecord) { display.print("\(report)") }
}
