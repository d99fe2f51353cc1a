import ArgumentParser

/// The end of a command that the user has stopped.
enum StoppedRun {
  /// Prints how to continue, and returns the exit code of a program that Ctrl-C has ended.
  /// - Parameter option: the option that continues. Nil for a command that continues by itself.
  static func exit(option: String? = "--resume") -> ExitCode {
    Terminal.note("stopped; continue with the same command" + (option.map { " and \($0)" } ?? ""))
    return ExitCode(130)
  }

  /// Ends the command if the user has stopped the run.
  static func check(_ wasStopped: Bool) throws {
    if wasStopped { throw exit() }
  }
}
