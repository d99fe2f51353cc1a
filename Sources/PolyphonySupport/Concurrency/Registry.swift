import Foundation

/// A collection of named values. Any thread can add to it at run time.
package final class Registry<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var entries: [(name: String, value: Value)] = []

  package init() {}

  package var names: [String] { lock.withLock { entries.map(\.name) } }

  package subscript(name: String) -> Value? {
    get { lock.withLock { entries.last { $0.name == name }?.value } }
    set {
      lock.withLock {
        entries.removeAll { $0.name == name }
        if let newValue { entries.append((name, newValue)) }
      }
    }
  }
}
