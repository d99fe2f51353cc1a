import Foundation

/// A value that code can replace for its callees on its own thread. Tests use it to intervene.
///
/// Tests run side by side, so a global variable would not do. In optimised programs of Swift 6.3 on Linux, a task-local
/// value of function type ends the process with a bad pointer. All code behind these values is synchronous, so a
/// thread-local value is enough.
package final class ThreadLocal<Value: Sendable>: Sendable {
  private let standard: Value
  private let key = UUID().uuidString

  package init(_ standard: Value) { self.standard = standard }

  /// The current value on this thread.
  package var value: Value { (Thread.current.threadDictionary[key] as? Box)?.value ?? standard }

  /// Runs `body` with another value on this thread.
  package func withValue<Result>(_ value: Value, _ body: () throws -> Result) rethrows -> Result {
    let dictionary = Thread.current.threadDictionary
    let before = dictionary[key]
    dictionary[key] = Box(value)
    defer { dictionary[key] = before }
    return try body()
  }

  private final class Box {
    let value: Value
    init(_ value: Value) { self.value = value }
  }
}
