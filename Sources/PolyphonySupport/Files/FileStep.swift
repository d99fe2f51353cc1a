import Foundation

/// The system calls at which replacing a file or folder can fail, or the process can be killed.
///
/// Tests stand in at each of them: `FileStep.intercept.withValue({ step in … }) { … }` sees every step just
/// before it is done, and an error number that it returns takes the place of the call.
package enum FileStep: String, CaseIterable, Sendable {
  case makeTemporary, write, syncFile, exchange, retire, rename, syncFolder, removeOld

  package static let intercept = ThreadLocal<(@Sendable (FileStep) -> Int32)?>(
    killer(ProcessInfo.processInfo.environment["POLYPHONY_KILL_AT"]))

  /// For tests with real processes: `STEP:N` ends the process, as `kill -9` does, just before step STEP is done for the
  /// Nth time.
  private static func killer(_ description: String?) -> (@Sendable (FileStep) -> Int32)? {
    let parts = description?.split(separator: ":") ?? []
    guard parts.count == 2, let wanted = FileStep(rawValue: String(parts[0])), let count = Int(parts[1]) else {
      return nil
    }
    let left = Locked(count)
    return { step in
      guard step == wanted else { return 0 }
      let reached = left.update { count in
        count -= 1
        return count == 0
      }
      if reached { kill(getpid(), SIGKILL) }
      return 0
    }
  }

  /// Does one system call that returns −1 on failure, again after an interruption by a signal.
  ///
  /// - Throws: `Fault(.cannotWrite)` with the system's own words for what went wrong.
  @discardableResult
  func perform<Value: SignedInteger>(_ path: String, _ call: () -> Value) throws(Fault) -> Value {
    switch attempt(call) {
    case .value(let value): return value
    case .failed(let number): throw fault(path, number)
    }
  }

  /// What a system call came to.
  enum Outcome<Value> {
    case value(Value)
    case failed(errno: Int32)
  }

  /// As `perform`, for callers that look at the error number.
  func attempt<Value: SignedInteger>(_ call: () -> Value) -> Outcome<Value> {
    if let injected = FileStep.intercept.value?(self), injected != 0 { return .failed(errno: injected) }
    while true {
      let value = call()
      if value >= 0 { return .value(value) }
      let number = errno
      if number != EINTR { return .failed(errno: number) }
    }
  }

  func fault(_ path: String, _ number: Int32) -> Fault {
    Fault(
      .cannotWrite, "the output cannot be written", file: path, found: "\(describe(errno: number)) (\(rawValue))",
      remedy: number == ENOSPC ? "free some space, or name a folder on another disk" : nil)
  }
}

/// The system's words for an error number.
package func describe(errno number: Int32) -> String { String(cString: strerror(number)) }
