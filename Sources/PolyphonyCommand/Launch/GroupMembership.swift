import Foundation
import Polyphony
import Torch

/// The part of this process in a group of processes, which `polyphony launch`, torchrun, srun or mpirun has started.
enum GroupMembership {
  /// True in all processes of a group but the first. They compute, and write neither files nor remarks.
  static var isFollower: Bool { (ProcessGroup.current?.rank ?? 0) > 0 }

  /// Joins the group that the environment names, if the command shares its work with one.
  /// - Throws: `Fault(.usage)` for a command that does not, and the faults of ``Torch/ProcessGroup``.
  static func join(for command: String) throws(Fault) {
    let environment = ProcessInfo.processInfo.environment
    guard LaunchCommand.participants.contains(command) else {
      // `launch` has a message of its own.
      guard command != "launch", let place = try? GroupPlace(environment: environment) else { return }
      throw Fault(
        .usage, "the command takes no part in a group of processes", key: "WORLD_SIZE", found: "\(place.size)",
        expected: "one process, or one of the commands \(LaunchCommand.participants.joined(separator: ", "))",
        remedy: "run it without launch or torchrun, or unset MASTER_ADDR and MASTER_PORT")
    }
    guard let place = try GroupPlace(environment: environment) else { return }
    // Requests to stop count from here on, so that no process leaves the others alone.
    StopSignal.listen()
    // c10d warns of host names that it cannot look up, which is no concern of the user.
    setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0)
    try Libtorch.load()
    ProcessGroup.current = try ProcessGroup(place)
  }
}
