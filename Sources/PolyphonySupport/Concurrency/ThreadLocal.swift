import Foundation

/// A value that a piece of code can replace for what it calls, on its own thread: the seams for tests.
///
/// Tests run side by side, so a seam must not be a global variable. A task-local value of function type ends optimised
/// programs of Swift 6.3 on Linux with a bad pointer, and everything behind these seams is synchronous.
package final class ThreadLocal<Value: Sendable>: Sendable {
  private let standard: Value
  private let key = UUID().uuidString

  package init(_ standard: Value) { self.standard = standard }

  /// The value here and now.
  package var value: Value { (Thread.current.threadDictionary[key] as? Box)?.value ?? standard }

  /// Runs `body` with another value.
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
