import ArgumentParser
import Foundation
import Polyphony
import PolyphonyService
import Torch

/// The command `polyphony launch`.
struct LaunchCommand: ReportingCommand {
  /// The commands that take part in a group of processes.
  static let participants = resumable + ["evaluate"]
  /// Those of them that leave a checkpoint when they are asked to stop.
  static let resumable = ["train", "tune", "adapt"]
  private static let mostProcesses = 1024

  static let configuration = CommandConfiguration(
    commandName: "launch",
    abstract: "Run a command in several processes of this machine, which share its work.",
    discussion: """
      Each process gets RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as from torchrun, \
      which can launch the program too. Commands that share their work: \(participants.joined(separator: ", ")).

      Example: polyphony launch --processes 2 -- train --data gestures --output runs/a

      The cores are divided among the processes, unless OMP_NUM_THREADS or --threads of the command says otherwise. If a \
      process fails, the others are asked to stop, and are ended after \(Int(ProcessTeam.grace.inSeconds)) seconds. The \
      status is that of the first one that failed. Ctrl-C and SIGTERM are passed on to all.
      """)

  @Option(help: ArgumentHelp("How many processes share the work.", valueName: "count"))
  var processes: Int

  @Option(help: ArgumentHelp("The port on which rank 0 listens; 0 for a free one.", valueName: "number"))
  var port: UInt16 = 0

  @Option(help: ArgumentHelp("After a failure, starts all again with --resume, at most so often.", valueName: "count"))
  var restarts = 0

  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("The command and its options, behind --.", valueName: "command"))
  var command: [String] = []

  /// Checks the value of an option `--processes`.
  static func check(processes: Int) throws {
    try checkCounts([("--processes", processes)])
    guard processes <= mostProcesses else {
      throw ValidationError("--processes must be at most \(mostProcesses), not \(processes).")
    }
  }

  func validate() throws {
    try Self.check(processes: processes)
    guard restarts >= 0 else { throw ValidationError("--restarts must be 0 or more, not \(restarts).") }
    let known = "Commands that do are \(Self.participants.joined(separator: ", "))."
    guard let name = command.first else {
      throw ValidationError("launch needs a command behind --, which takes part in a group. \(known)")
    }
    guard Self.participants.contains(name) else {
      guard !PipelineOptions.commands.contains(name) else {
        throw ValidationError("\(name) starts its processes itself: polyphony \(name) … --processes \(processes)")
      }
      let question = Suggestion.question(for: name, among: Self.participants).map { " Or \($0)" } ?? ""
      throw ValidationError("\(name) takes no part in a group of processes. \(known)\(question)")
    }
  }

  func execute() throws {
    let environment = ProcessInfo.processInfo.environment
    if let (name, value) = RankEnvironment.group(in: environment) {
      throw Fault(
        .usage, "this process is in a group already", key: name, found: value, expected: "no variable \(name)",
        remedy: "run «\(command[0])» without launch, or unset \(name)")
    }
    // A wrong option of the command is one message here, and not one of each process.
    try GroupMembership.check(PolyphonyProgram.checked(command), processes: processes)
    try ArrivedSignals.listen()
    let given = try environment.merging(Lifeline.make()) { $1 }
    for restart in 0...restarts {
      let words = restart == 0 ? command : Self.resuming(command)
      var team = try ProcessTeam(Libtorch.programPath, words, environments: try environments(restart, given))
      team.wait()
      if let failure = team.failure {
        try end(failure, restart: team.isStopped || restart == restarts ? nil : restart + 1)
      } else if let stop = team.stop {
        throw ExitCode(stop.code)
      } else {
        return
      }
    }
  }

  /// The environment of each process.
  private func environments(_ restart: Int, _ given: [String: String]) throws(Fault) -> [[String: String]] {
    let hasThreads = command.contains { $0 == "--threads" || $0.hasPrefix("--threads=") }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let group = RankEnvironment(
      processes: processes, port: try ServiceListener.freePort(port, host: RankEnvironment.address), restart: restart,
      threads: hasThreads ? nil : RankEnvironment.threads(cores: cores, processes: processes))
    return (0..<processes).map { group.variables(rank: $0, in: given) }
  }

  /// Says which process failed first. Ends the launcher, unless the processes may start again.
  private func end(_ failure: ProcessTeam.Failure, restart: Int?) throws {
    // A process that was killed has left its bar.
    if Terminal.isInteractive { Terminal.draw(ProgressDisplay.erasure) }
    let text = "rank \(failure.rank) of \(processes) \(failure.end)"
    if let restart { return Terminal.note("\(text); restart \(restart) of \(restarts)") }
    _ = Terminal.report(Fault(.failure, text))
    throw ExitCode(failure.end.code)
  }

  /// The command that goes on from the checkpoint, if the command has an option for that.
  private static func resuming(_ command: [String]) -> [String] {
    guard !command.contains("--resume") else { return command }
    let words = command.filter { $0 != "--overwrite" } + ["--resume"]
    return (try? PolyphonyProgram.parseAsRoot(words)) == nil ? command : words
  }
}
