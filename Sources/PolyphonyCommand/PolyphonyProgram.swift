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
      DemoCommand.self, StartCommand.self, DataCommand.self, TrainCommand.self, TuneCommand.self, AdaptCommand.self,
      EvaluateCommand.self,
      PredictCommand.self, RunCommand.self, CompareCommand.self, ReportCommand.self, TransferCommand.self,
      ScalingCommand.self, BenchmarkCommand.self, DoctorCommand.self,
    ])

  /// Parses the arguments and runs the command. Refused arguments get advice.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let text = fullMessage(for: error)
      guard exitCode(for: error) == .validationFailure, !text.isEmpty else { exit(withError: error) }
      Terminal.write(ArgumentAdvice.rendered(text, Array(CommandLine.arguments.dropFirst())))
      Foundation.exit(ExitCode.validationFailure.rawValue)
    }
  }
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
