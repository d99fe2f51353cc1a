import Foundation

/// The system calls at which the replacement of a file or folder can fail, or the process can be killed.
///
/// Tests intervene at each of them. `FileStep.intercept.withValue({ step in … }) { … }` calls a function just before
/// every step. An error number that it returns replaces the system call.
package enum FileStep: String, CaseIterable, Sendable {
  case openStream, makeTemporary, write, syncFile, exchange, retire, rename, syncFolder, removeOld

  package static let intercept = ThreadLocal<(@Sendable (FileStep) -> Int32)?>(
    killer(ProcessInfo.processInfo.environment["POLYPHONY_KILL_AT"]))

  /// Makes a function for tests with real processes. `STEP:N` ends the process, like `kill -9`, just before step STEP
  /// runs for the Nth time.
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

  /// Makes one system call that returns −1 on failure, and repeats it after an interruption by a signal.
  ///
  /// - Throws: `Fault(.cannotWrite)` with the system's own words for the error.
  @discardableResult
  func perform<Value: SignedInteger>(_ path: String, _ call: () -> Value) throws(Fault) -> Value {
    switch attempt(call) {
    case .value(let value): return value
    case .failed(let number): throw fault(path, number)
    }
  }

  /// The outcome of a system call.
  enum Outcome<Value> {
    case value(Value)
    case failed(errno: Int32)
  }

  /// Makes the call like `perform`, for callers that handle the error number.
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

/// The system's words for an error of Foundation. Its own words are often a domain and a number.
package func describe(_ error: any Error) -> String {
  let error = error as NSError
  if error.domain == NSPOSIXErrorDomain { return describe(errno: Int32(error.code)) }
  guard let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError else { return error.localizedDescription }
  return describe(cause)
}
