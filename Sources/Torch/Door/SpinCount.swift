import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// The number of turns that a thread of libtorch's team waits in a loop for the others before it sleeps.
///
/// The threads of a team meet at the end of every parallel operator, and libgomp lets an early one turn 300 000 times in
/// a loop. Beside other work the late thread may be without a processor, and the loop of the early one keeps it from
/// having one. A few thousand turns outlast the differences of an even split and are short against a scheduler's slice.
enum SpinCount {
  /// The variable of libgomp that holds the number of turns.
  static let variable = "GOMP_SPINCOUNT"
  /// The variable of OpenMP by which a user chooses between loops and sleep; libgomp derives the turns from it.
  static let policy = "OMP_WAIT_POLICY"
  /// The number of turns that ``choose()`` sets.
  static let turns = 4000

  /// The number of turns to set in an environment; nil where the user has chosen.
  static func choice(in environment: [String: String]) -> Int? {
    [variable, policy].allSatisfy { environment[$0, default: ""].isEmpty } ? turns : nil
  }

  /// Sets the number of turns for this process and those that it starts, unless the user has chosen.
  ///
  /// libgomp reads its variables once, when it is loaded. So this comes before libtorch, and changes nothing where
  /// another library of the process has brought libgomp along already.
  static func choose() {
    // libtorch for macOS has the OpenMP of LLVM, which knows no such variable.
    #if os(Linux)
      if let turns = choice(in: ProcessInfo.processInfo.environment) { setenv(variable, "\(turns)", 1) }
    #endif
  }

  /// Describes the setting in force in an environment.
  static func description(in environment: [String: String]) -> String {
    for name in [variable, policy] {
      if let value = environment[name], !value.isEmpty { return "\(name)=\(value)" }
    }
    return "the OpenMP library's own choice"
  }
}
