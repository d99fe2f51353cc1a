import ArgumentParser

/// How a command ends that the user has stopped.
enum StoppedRun {
  /// Says how to go on, and gives the exit code of a program that Ctrl-C has ended.
  static func exit() -> ExitCode {
    Terminal.note("stopped; continue with the same command and --resume")
    return ExitCode(130)
  }

  /// Ends the command if the run was stopped.
  static func check(_ wasStopped: Bool) throws {
    if wasStopped { throw exit() }
  }
}
