import Foundation
import Testing
import Torch

/// A file of reference numbers from PyTorch, made by `Tools/make-torch-fixtures.py`.
struct Fixture: Sendable {
  let file: SafetensorsFile
  /// The cases in alphabetical order.
  let cases: [FixtureCase]

  init(_ subject: String) {
    let path = Bundle.module.path(forResource: subject, ofType: "safetensors", inDirectory: "Fixtures")
    do {
      guard let path else { throw Fault(.missingInput, "there is no fixture \(subject)") }
      let file = try SafetensorsFile(path: path)
      guard case .object(let members) = try OrderedJSON(parsing: file.metadata["cases"] ?? "") else {
        throw Fault(.badData, "a fixture's cases are no object", file: path)
      }
      self.file = file
      cases = members.map { FixtureCase(name: $0.key, options: $0.value, file: file) }
    } catch {
      fatalError("\(error)")
    }
  }

  /// The cases with this prefix of the name.
  func cases(_ prefix: String) -> [FixtureCase] { cases.filter { $0.name.hasPrefix(prefix) } }

  subscript(name: String) -> FixtureCase { cases.first { $0.name == name }! }
}

/// A case of a fixture, with options and tensors under `case.tensor`.
struct FixtureCase: Sendable, CustomTestStringConvertible {
  let name: String
  let options: OrderedJSON
  let file: SafetensorsFile

  var testDescription: String { name }

  func has(_ tensor: String) -> Bool { file["\(name).\(tensor)"] != nil }

  subscript(tensor: String) -> Tensor {
    do { return try file.tensor("\(name).\(tensor)") } catch { fatalError("\(error)") }
  }

  /// A copy of a tensor that requires gradients. Nil if the case has no tensor of this name.
  func leaf(_ tensor: String) -> Tensor? { has(tensor) ? self[tensor].requiringGradient() : nil }

  func integer(_ option: String) -> Int? {
    guard case .integer(let value)? = options[option] else { return nil }
    return value
  }

  func number(_ option: String) -> Double? {
    switch options[option] {
    case .number(let value)?: value
    case .integer(let value)?: Double(value)
    default: nil
    }
  }

  func flag(_ option: String) -> Bool { options[option] == .bool(true) }

  /// Compares `output` with the case's output, and the gradients of `leaves` with `grad.…`.
  ///
  /// Backward starts from `sum(output · probe)`, or from the output itself if the case has no probe.
  func check(
    _ output: Tensor, _ leaves: KeyValuePairs<String, Tensor?>, values: Double = 1e-6, gradients: Double = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectClose(output, self["output"], relative: values, "\(name).output", sourceLocation: sourceLocation)
    output.backward(has("probe") ? self["probe"] : nil)
    for (key, leaf) in leaves {
      guard let leaf else {
        #expect(!has("grad.\(key)"), "\(name) has a gradient of \(key)", sourceLocation: sourceLocation)
        continue
      }
      guard let gradient = leaf.gradient else {
        Issue.record("\(name): no gradient of \(key)", sourceLocation: sourceLocation)
        continue
      }
      expectClose(
        gradient, self["grad.\(key)"], relative: gradients, "\(name).grad.\(key)", sourceLocation: sourceLocation)
    }
  }
}
