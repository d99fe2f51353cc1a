import Foundation
import Polyphony

/// A module of the Python package, split into its imports and the rest.
///
/// The reader knows the forms that the package uses, and refuses others: `import a`, `from a import b, c` and, inside the
/// package, `from .a import b, c` without a new name. All of them stand at the left margin, and a list may be in
/// parentheses over several lines.
struct PythonModule {
  /// The path of the module below the package without its ending, such as `models/layers`.
  let name: String
  /// The modules of the package that this one imports, in their order.
  private(set) var parts: [String] = []
  /// The statements `import a`.
  private(set) var imported: Set<String> = []
  /// The names that `from a import b` takes, by module.
  private(set) var taken: [String: Set<String>] = [:]
  /// The names that the module defines at its left margin.
  private(set) var definitions: [String] = []
  /// The lines without imports.
  private(set) var body: [String] = []

  /// Reads a module.
  /// - Throws: `Fault(.missingInput)` for a missing file, `Fault(.failure)` for a form that the reader does not know.
  init(_ name: String, in package: String) throws(Fault) {
    self.name = name
    let file = "\(package)/\(name).py"
    guard let data = FileManager.default.contents(atPath: file) else {
      throw Fault(.missingInput, "a module of the Python package is missing", file: file)
    }
    var lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)[...]
    var isText = false
    while let line = lines.popFirst() {
      if !isText, line.hasPrefix("from ") || line.hasPrefix("import ") {
        try read(Self.statement(line, &lines), file)
      } else if !isText, line == "if TYPE_CHECKING:" {
        while lines.first?.hasPrefix(" ") ?? false { lines.removeFirst() }
      } else {
        if !isText {
          if line.drop(while: { $0 == " " }).hasPrefix("from .") { throw Self.refuse(line, file) }
          if let name = Self.definition(line) { definitions.append(name) }
        }
        body.append(String(line))
      }
      if line.components(separatedBy: "\"\"\"").count % 2 == 0 { isText.toggle() }
    }
  }

  /// One statement of an import, which parentheses may spread over lines.
  private static func statement(_ line: Substring, _ rest: inout ArraySlice<Substring>) -> String {
    var statement = String(line)
    while statement.contains("("), !statement.contains(")"), let next = rest.popFirst() { statement += next }
    return statement.filter { $0 != "(" && $0 != ")" }
  }

  private mutating func read(_ statement: String, _ file: String) throws(Fault) {
    guard statement.hasPrefix("from ") else {
      imported.insert(statement)
      return
    }
    let halves = statement.dropFirst(5).components(separatedBy: " import ")
    let names = halves.last?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
    guard halves.count == 2, let origin = halves.first else { throw Self.refuse(statement, file) }
    guard origin.hasPrefix(".") else {
      taken[origin, default: []].formUnion(names.filter { !$0.isEmpty })
      return
    }
    let path = origin.drop { $0 == "." }
    guard !path.isEmpty, !statement.contains(" as ") else { throw Self.refuse(statement, file) }
    // One point names the module's own folder, and each further one the folder above.
    let folders = name.split(separator: "/").dropLast(origin.count - path.count)
    parts.append((folders + path.split(separator: ".")).joined(separator: "/"))
  }

  /// The name that a line defines at the left margin, for example `def load(`.
  private static func definition(_ line: Substring) -> String? {
    for keyword in ["def ", "class "] where line.hasPrefix(keyword) {
      return String(line.dropFirst(keyword.count).prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }
    let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    let rest = line.dropFirst(name.count)
    return !name.isEmpty && (rest.hasPrefix(" = ") || rest.hasPrefix(": ")) ? String(name) : nil
  }

  private static func refuse(_ line: some StringProtocol, _ file: String) -> Fault {
    Fault(
      .failure, "a module of the Python package cannot stand in one file", file: file, found: String(line),
      expected: "an import at the left margin, without a new name inside the package")
  }
}
