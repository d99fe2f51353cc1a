import ArgumentParser
import Foundation
import Polyphony
import Torch

/// This process as one of those that `run` and `compare` start with `--processes`.
///
/// It gets the arguments of the command, and a variable in its environment. It computes cells beside the others, and the
/// command that started it prints and writes the results.
struct CellWorker {
  /// The variable with the rank, the descriptor for a fault and the fingerprint of the work.
  private static let variable = "POLYPHONY_CELL_WORKER"

  private let rank: Int
  private let faults: Int32
  private let fingerprint: String

  /// The worker that this process is. Nil for the command of a user.
  static let current = CellWorker(ProcessInfo.processInfo.environment)

  private init?(_ environment: [String: String]) {
    let parts = environment[Self.variable]?.split(separator: ":") ?? []
    var status = stat()
    guard parts.count == 3, let rank = Int(parts[0]), let faults = Int32(parts[1]), faults > STDERR_FILENO,
      fstat(faults, &status) == 0, status.st_mode & S_IFMT == S_IFIFO
    else { return nil }
    _ = fcntl(faults, F_SETFD, FD_CLOEXEC)
    (self.rank, self.faults, fingerprint) = (rank, faults, String(parts[2]))
  }

  /// The variable that makes a process a worker.
  static func variables(rank: Int, faults: FaultPipe, fingerprint: String) -> [String: String] {
    [variable: "\(rank):\(faults.writing):\(fingerprint)"]
  }

  /// Computes cells until all are finished.
  /// - Throws: `ExitCode(130)` after a stop, and faults of data, stages and output.
  func work(on pipeline: Pipeline) throws {
    guard try pipeline.fingerprint() == fingerprint else {
      throw Fault(
        .failure, "the recipe or its data changed while the processes started", file: pipeline.output,
        remedy: "run the same command again")
    }
    var pipeline = pipeline
    pipeline.watch = Self.watch
    guard try pipeline.work() else { throw ExitCode(130) }
  }

  /// Gives a fault to the command that started this process.
  func send(_ fault: Fault) { FaultPipe.send(fault, rank: rank, to: faults) }

  /// Lines about stages and scores, and remarks on a training. Lines for each epoch of several trainings would mix.
  private static var watch: PipelineWatch {
    var watch = PipelineWatch()
    watch.training = { _ in [TrainingRemarks()] }
    watch.adaptation = { _, _ in [AdaptationRemarks()] }
    watch.note = note
    return watch
  }

  /// Prints a line in one write, so that it stands whole between those of other processes. It replaces the bar of the
  /// command that started this process.
  fileprivate static func note(_ text: String) {
    let erasure = Terminal.isInteractive ? ProgressDisplay.erasure : ""
    Terminal.write(erasure + text.escapingControlsInLines() + "\n")
  }
}

/// Prints the remarks on a training without its progress.
private final class TrainingRemarks: TrainingObserver {
  func willStart(completedEpochs: Int, step: Int) {
    if completedEpochs > 0 { CellWorker.note("resumed after epoch \(completedEpochs)") }
  }

  func note(_ text: String) { CellWorker.note("note: \(text)") }
}

/// Prints the remarks on an adaptation without its progress.
private final class AdaptationRemarks: AdaptationObserver {
  func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) {
    if step > 0 { CellWorker.note("resumed after step \(step)") }
  }

  func didReturn(_ report: CollapseRecord) { CellWorker.note("\(report)") }
}
