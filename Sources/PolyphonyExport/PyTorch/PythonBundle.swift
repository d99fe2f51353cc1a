import Foundation
import Polyphony

/// The modules of the Python package as one file, which needs PyTorch alone.
///
/// The package is the one home of the modelling code. The file has the modules that `load` needs, each behind those that
/// it imports. Imports inside the package go, and those from elsewhere stand once at the top.
struct PythonBundle {
  /// The name of the file.
  static let file = "modeling_polyphony.py"
  /// The beginning of every such file. It tells an export from a file of somebody else.
  static let opening = "\"\"\"The modelling code of Polyphony "

  /// The content of the file.
  let text: String
  private let modules: [PythonModule]

  /// Reads the modules that one of them needs.
  ///
  /// - Parameters:
  ///   - package: the folder of the Python package.
  ///   - entry: the module whose functions the file is for.
  /// - Throws: `Fault(.missingInput)` for a missing module. `Fault(.failure)` for two modules that define one name, and
  ///   for an import that one file cannot have.
  init(of package: String, entry: String = "folders") throws(Fault) {
    var ordered: [PythonModule] = []
    var seen: Set<String> = []
    func add(_ name: String) throws(Fault) {
      guard seen.insert(name).inserted else { return }
      let module = try PythonModule(name, in: package)
      for part in module.parts { try add(part) }
      ordered.append(module)
    }
    try add(entry)
    modules = ordered
    try Self.checkNames(ordered, package)
    text = Self.text(ordered)
  }

  /// True if one of the modules has a word in quotes. Tables of the package have the names of architectures and methods.
  func quotes(_ word: String) -> Bool {
    modules.contains { $0.body.contains { $0.contains("\"\(word)\"") } }
  }

  private static func checkNames(_ modules: [PythonModule], _ package: String) throws(Fault) {
    var homes: [String: String] = [:]
    for module in modules {
      for name in Set(module.definitions) {
        if let other = homes.updateValue(module.name, forKey: name) {
          throw Fault(
            .failure, "two modules of the Python package define one name", file: package, key: name,
            found: "\(other).py and \(module.name).py", expected: "one definition")
        }
      }
    }
  }

  private static func text(_ modules: [PythonModule]) -> String {
    var imported: Set<String> = []
    var taken: [String: Set<String>] = [:]
    for module in modules {
      imported.formUnion(module.imported)
      taken.merge(module.taken) { $0.union($1) }
    }
    // A file that is no package has no use for these two.
    taken["__future__"] = nil
    taken["typing"]?.remove("TYPE_CHECKING")
    let imports =
      imported.sorted()
      + taken.sorted { $0.key < $1.key }.map { "from \($0) import \($1.sorted().joined(separator: ", "))" }
    let opening = """
      \(opening)\(Polyphony.version) in one file, which needs PyTorch alone.

      `load(FOLDER)` reads the model in a folder, with its adapter in `adapter/` if there is one. The result is a
      `torch.nn.Module` that takes modalities by name, copes with missing ones where its adapter does, and can be trained:

          from modeling_polyphony import load
          model = load(".")

      `polyphony export` has put the file together from the Python package `polyphony` (Apache-2.0).
      \"""

      from __future__ import annotations

      """
    let bodies = modules.map { module in
      "\n\n# \(module.name).py\n\n" + module.body.joined(separator: "\n").trimmingCharacters(in: .newlines) + "\n"
    }
    let text = opening + "\n" + imports.joined(separator: "\n") + "\n" + bodies.joined()
    // Where imports stood, there are more than two empty lines now.
    return text.replacing(/\n{4,}/, with: "\n\n\n")
  }
}
