import Foundation

/// Values by name: those that come along, and those that any thread may add at run time.
package final class Registry<Value: Sendable>: @unchecked Sendable {
  private let builtIn: [(name: String, value: Value)]
  private let lock = NSLock()
  private var added: [(name: String, value: Value)] = []

  /// - Parameter builtIn: the values that come along, in the order of ``names``.
  package init(_ builtIn: [(name: String, value: Value)]) { self.builtIn = builtIn }

  /// All names, first those that come along.
  package var names: [String] { builtIn.map(\.name) + lock.withLock { added.map(\.name) } }

  /// The value of a name. A value that comes along cannot be replaced.
  package subscript(name: String) -> Value? {
    get { builtIn.first { $0.name == name }?.value ?? lock.withLock { added.last { $0.name == name }?.value } }
    set {
      lock.withLock {
        added.removeAll { $0.name == name }
        if let newValue { added.append((name, newValue)) }
      }
    }
  }

  /// True if a value of this name comes along.
  package func isBuiltIn(_ name: String) -> Bool { builtIn.contains { $0.name == name } }

  /// The value of a name.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - problem: the sentence for a name without value, such as «unknown tuning method».
  ///   - key: the option or key that holds the name.
  ///   - file: the file that holds the name, if there is one.
  /// - Throws: `Fault(.usage)` with all names and the most similar one.
  package func value(_ name: String, _ problem: String, key: String, file: String? = nil) throws(Fault) -> Value {
    if let value = self[name] { return value }
    throw Fault(
      .usage, problem, file: file, key: key, found: name, expected: names.joined(separator: ", "),
      remedy: Suggestion.question(for: name, among: names))
  }
}
