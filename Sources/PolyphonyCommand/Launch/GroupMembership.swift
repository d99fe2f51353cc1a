import Foundation
import Polyphony
import Torch

/// The part of this process in a group of processes, which `polyphony launch`, torchrun, srun or mpirun has started.
enum GroupMembership {
  /// True in all processes of a group but the first. They compute, and write neither files nor remarks.
  static var isFollower: Bool { (ProcessGroup.current?.rank ?? 0) > 0 }

  /// Joins the group that the environment names, if the command shares its work with one.
  /// - Throws: `Fault(.usage)` for a command that does not, and the faults of ``Torch/ProcessGroup``.
  static func join(for command: any ReportingCommand) throws(Fault) {
    let environment = ProcessInfo.processInfo.environment
    let name = type(of: command).configuration.commandName ?? ""
    guard LaunchCommand.participants.contains(name) else {
      // `launch` has a message of its own.
      guard name != "launch", let place = try? GroupPlace(environment: environment) else { return }
      throw Fault(
        .usage, "the command takes no part in a group of processes", key: "WORLD_SIZE", found: "\(place.size)",
        expected: "one process, or one of the commands \(LaunchCommand.participants.joined(separator: ", "))",
        remedy: "run it without launch or torchrun, or unset MASTER_ADDR and MASTER_PORT")
    }
    guard let place = try GroupPlace(environment: environment) else { return }
    try check(command, processes: place.size)
    // Requests to stop count from here on, so that no process leaves the others alone. A command without a checkpoint just
    // ends.
    if LaunchCommand.resumable.contains(name) { StopSignal.listen() }
    // c10d warns of host names that it cannot look up, which is no concern of the user.
    setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0)
    try Libtorch.load()
    ProcessGroup.current = try ProcessGroup(place)
  }

  /// Checks that processes can share a command with its options.
  /// - Throws: `Fault(.usage)` for a stream.
  static func check(_ command: any ReportingCommand, processes: Int) throws(Fault) {
    guard processes > 1, let option = command.streamOption else { return }
    throw Fault(
      .usage, "a stream has one order, in which the model learns from each batch before the next one comes",
      key: option, found: "\(processes) processes", expected: "one process",
      remedy: "leave \(option) out, or run the command without launch or torchrun")
  }
}
