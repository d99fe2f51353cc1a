import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The program `polyphony`.
@main
struct PolyphonyProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "polyphony",
    abstract: "Train, adapt and run multimodal models that keep working when a modality is weak, missing or drifting.",
    version: "polyphony \(Polyphony.version)",
    subcommands: [
      DemoCommand.self, DataCommand.self, TrainCommand.self, TuneCommand.self, AdaptCommand.self, EvaluateCommand.self,
      PredictCommand.self, RunCommand.self, CompareCommand.self, ReportCommand.self, TransferCommand.self,
      ScalingCommand.self, BenchmarkCommand.self, DoctorCommand.self,
    ])
}

/// A command whose errors are faults. They are printed on standard error, and their kind decides the exit code.
protocol ReportingCommand: ParsableCommand {
  /// Runs the command.
  func execute() throws
}

extension ReportingCommand {
  func run() throws {
    Libtorch.keepFreedMemory()
    do {
      try execute()
    } catch let code as ExitCode {
      throw code
    } catch {
      throw ExitCode(Terminal.report(error))
    }
  }
}
