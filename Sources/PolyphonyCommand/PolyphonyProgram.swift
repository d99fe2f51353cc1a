import ArgumentParser
import Foundation
import Polyphony
import PolyphonyEncoders
import Torch

/// The program `polyphony`.
@main
struct PolyphonyProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "polyphony",
    abstract: "Train, adapt and run multimodal models that keep working when a modality is weak, missing or drifting.",
    version: "polyphony \(Polyphony.version)",
    subcommands: [
      DemoCommand.self, StartCommand.self, DataCommand.self, EncodersCommand.self, TrainCommand.self, TuneCommand.self,
      AdaptCommand.self, EvaluateCommand.self, PredictCommand.self, ServeCommand.self, ExportCommand.self,
      RunCommand.self, CompareCommand.self, ReportCommand.self, TransferCommand.self, LaunchCommand.self,
      ScalingCommand.self, BenchmarkCommand.self, DoctorCommand.self,
    ])

  /// Parses the arguments and runs the command. Refused arguments get advice.
  static func main() {
    StandardOutput.keepClosedStreams()
    Lifeline.hold()
    PretrainedEncoders.register()
    do {
      var command = try parseAsRoot()
      try command.run()
      ProgramEnd.leave(0)
    } catch {
      end(error, Array(CommandLine.arguments.dropFirst()))
    }
  }
}

extension PolyphonyProgram {
  /// Parses the arguments of a command without running it. If the parser refuses them, or prints help, the program ends.
  static func checked(_ arguments: [String]) -> any ReportingCommand {
    do {
      var command = try parseAsRoot(arguments)
      if let command = command as? any ReportingCommand { return command }
      try command.run()
      ProgramEnd.leave(0)
    } catch {
      end(error, arguments)
    }
  }

  /// Ends the program after an error of the parser or of a command.
  private static func end(_ error: any Error, _ arguments: [String]) -> Never {
    let (text, code) = (fullMessage(for: error), exitCode(for: error))
    // A command has printed its fault already.
    if text.isEmpty { ProgramEnd.leave(code.rawValue) }
    if code == .success { ProgramEnd.leave(show(text)) }
    guard code == .validationFailure else { exit(withError: error) }
    Terminal.write(ArgumentAdvice.rendered(text, arguments))
    ProgramEnd.leave(code.rawValue)
  }

  /// Prints help or the version on standard output, and returns the exit code.
  private static func show(_ text: String) -> Int32 {
    do throws(Fault) {
      try StandardOutput.write(text + "\n")
      try StandardOutput.finish()
      return 0
    } catch {
      return Terminal.report(error)
    }
  }
}

/// A command whose errors are faults. They are printed on standard error, and their kind decides the exit code.
protocol ReportingCommand: ParsableCommand {
  /// The inputs, which no output may replace.
  var inputs: [CommandInput] { get }
  /// True to check data again that were checked before.
  var checksAnew: Bool { get }
  /// The option by which the command learns from a stream; nil without it. A stream needs one process.
  var streamOption: String? { get }
  /// Runs the command.
  func execute() throws
}

extension ReportingCommand {
  var inputs: [CommandInput] { [] }
  var checksAnew: Bool { false }
  var streamOption: String? { nil }

  func run() throws {
    Libtorch.keepFreedMemory()
    for input in inputs { input.protect() }
    RunTracker.shared?.onNote { Terminal.note($0) }
    defer { RunTracker.shared?.finish() }
    do {
      try GroupMembership.join(for: self)
      try Dataset.$checksAnew.withValue(checksAnew) { try execute() }
      try StandardOutput.finish()
    } catch let code as ExitCode {
      throw code
    } catch {
      throw ExitCode(Terminal.report(error))
    }
  }
}
