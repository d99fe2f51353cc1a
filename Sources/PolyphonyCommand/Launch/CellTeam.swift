import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The workers that a command starts for the cells of its pipeline.
///
/// They have the arguments of the command. Afterwards the command finds all stages and scores finished, and goes on as if
/// it had computed them itself.
struct CellTeam {
  /// The time between two looks at what the workers have finished.
  private static let interval = Duration.seconds(1)

  private let processes: Int
  private var progress: PipelineProgress
  private let isInteractive = Terminal.isInteractive

  /// Describes the workers. There are no more of them than cells that are not finished.
  /// - Throws: `Fault` for data or models that cannot be read.
  init(_ pipeline: Pipeline, processes: Int) throws(Fault) {
    progress = try PipelineProgress(pipeline)
    self.processes = min(processes, progress.openCells)
  }

  /// True if two cells or more are not finished.
  var isOfUse: Bool { processes > 1 }

  /// Starts the workers, and waits until they have finished all cells.
  /// - Throws: `ExitCode` after the user's stop, and after a fault, which is printed.
  mutating func run() throws {
    try ArrivedSignals.listen()
    // A request of the time before would be lost.
    guard !StopSignal.isRequested else { throw StoppedRun.exit(option: nil) }
    let faults = try FaultPipe()
    let given = try ProcessInfo.processInfo.environment.merging(Lifeline.make()) { $1 }
    let environments = (0..<processes).map { rank in
      given.merging(CellWorker.variables(rank: rank, faults: faults, fingerprint: progress.fingerprint)) { $1 }
    }
    Terminal.note("\(processes) processes; \(text)")
    var team = try ProcessTeam(
      Libtorch.programPath, Array(CommandLine.arguments.dropFirst()), environments: environments)
    team.wait(every: Self.interval) { show() }
    let isRequested = ArrivedSignals.end()
    let messages = faults.messages()
    if let failure = team.failure, failure.end != .status(130) { throw end(failure, messages[failure.rank]) }
    if team.failure != nil || team.stop != nil || isRequested { throw StoppedRun.exit(option: nil) }
    let isNew = progress.look()
    if isNew || isInteractive { Terminal.note(text) }
  }

  /// Shows what is finished: redraws a line on a terminal, prints one elsewhere if it has changed.
  private mutating func show() {
    let isNew = progress.look()
    if isInteractive {
      Terminal.draw(ProgressDisplay.redrawing(text, width: Terminal.width))
    } else if isNew {
      Terminal.note(text)
    }
  }

  private var text: String {
    let (stages, models) = (progress.stages, progress.models)
    return "\(stages.done) of \(stages.all) stages done, \(models.done) of \(models.all) models scored"
  }

  /// Prints the fault of the worker that ended first, and returns the exit code of the command.
  private func end(_ failure: ProcessTeam.Failure, _ message: String?) -> ExitCode {
    if let message {
      Terminal.write(message)
    } else {
      _ = Terminal.report(
        Fault(
          .failure, "rank \(failure.rank) of \(processes) \(failure.end)",
          remedy: "the same command goes on from the checkpoints"))
    }
    return ExitCode(failure.end.code)
  }
}
