import Foundation
import Polyphony
import Torch

/// A display of a training run: a bar on a terminal, a line per epoch elsewhere.
final class TrainingDisplay: TrainingObserver {
  private let name: String
  private let counter: RunCounter?
  private let display = ProgressDisplay.onStandardError()
  private var start = ContinuousClock.now
  private var samples = 0
  private var firstStep = 0
  private var doneSteps = 0
  private var doneEpochs = 0

  /// - Parameters:
  ///   - name: the name of the run among several. It is empty for a single one.
  ///   - counter: counts the runs of the command.
  init(name: String, counter: RunCounter? = nil) { (self.name, self.counter) = (name, counter) }

  func willStart(completedEpochs: Int, step: Int) {
    if !name.isEmpty { display.print(name) }
    if completedEpochs > 0 { display.print("resumed after epoch \(completedEpochs)") }
    start = .now
  }

  func note(_ text: String) { display.print("note: \(text)") }

  func didStep(_ status: TrainingStatus) {
    samples += status.samples
    doneSteps += 1
    display.update(progress(status))
  }

  func didEndEpoch(_ record: EpochRecord) {
    let scores = record.validation.metrics
    let name = scores.names.first
    display.finishEpoch(
      TrainingProgress(
        epoch: record.epoch, epochs: record.epochs, step: 0, steps: 0, loss: record.trainingLoss,
        scoreName: name.map { "valid \($0)" }, score: name.flatMap { scores[$0] }, samplesPerSecond: rate,
        secondsLeft: nil))
    doneEpochs += 1
    if let text = counter?.estimate(secondsPerRun: elapsed / Double(doneEpochs) * Double(record.epochs)) {
      display.print(text)
    }
  }

  private var elapsed: Double { (ContinuousClock.now - start).inSeconds }

  private var rate: Double? { elapsed > 0 && samples > 0 ? Double(samples) / elapsed : nil }

  private func progress(_ status: TrainingStatus) -> TrainingProgress {
    let left = (status.epochs - status.epoch) * status.steps + status.steps - status.step
    return TrainingProgress(
      epoch: status.epoch, epochs: status.epochs, step: status.step, steps: status.steps, loss: status.loss,
      scoreName: status.best == nil ? nil : "best", score: status.best, samplesPerSecond: rate,
      secondsLeft: doneSteps > 0 ? elapsed / Double(doneSteps) * Double(left) : nil)
  }
}
