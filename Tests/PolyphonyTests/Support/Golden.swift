import Foundation
import Polyphony
import Testing
import Torch

/// A file of golden figures.
struct Golden {
  let file: SafetensorsFile
  let configuration: ModelConfiguration

  init(_ name: String) throws {
    file = try SafetensorsFile(path: fixture("golden/\(name).safetensors"))
    configuration = try JSONDecoder().decode(ModelConfiguration.self, from: Data(file.metadata["config"]!.utf8))
  }

  func has(_ name: String) -> Bool { file[name] != nil }

  func tensor(_ name: String) throws -> Tensor { try file.tensor(name) }

  /// The model's weights under their published names.
  var weights: [String: Tensor] {
    get throws {
      var result: [String: Tensor] = [:]
      for entry in file.entries where entry.name.hasPrefix("weights.") {
        result[String(entry.name.dropFirst("weights.".count))] = try file.tensor(entry.name)
      }
      return result
    }
  }

  var inputs: Inputs {
    get throws {
      Inputs(
        try configuration.modalities.map { try file.tensor("input.\($0.name)") },
        presence: has("presence") ? try file.tensor("presence").to(.bool) : nil)
    }
  }

  func model() throws -> MultimodalModel {
    let model = try MultimodalModel(configuration)
    try model.backbone.load(try weights, rename: model.backbone.fileKey)
    return model
  }

  func loss(_ prediction: Tensor) throws -> Tensor {
    let target = try tensor("target")
    return configuration.task.kind == .regression ? prediction.absoluteError(target) : prediction.crossEntropy(target)
  }
}

/// The path of a fixture of these tests.
func fixture(_ name: String) -> String { Bundle.module.resourcePath! + "/Fixtures/" + name }

/// Expects every element to differ by at most `tolerance` times the largest expected magnitude.
func expectClose(
  _ found: Tensor, _ expected: Tensor, _ tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.shape == expected.shape else {
    Issue.record("\(what): shape \(found.shape) instead of \(expected.shape)", sourceLocation: sourceLocation)
    return
  }
  let (a, b) = (found.doubles, expected.doubles)
  let scale = max(b.map(abs).max() ?? 0, 1e-6)
  guard let worst = a.indices.max(by: { abs(a[$0] - b[$0]) < abs(a[$1] - b[$1]) }) else { return }
  let error = abs(a[worst] - b[worst]) / scale
  #expect(
    error <= tolerance, "\(what): element \(worst) is \(a[worst]), expected \(b[worst]) (\(error) of the largest)",
    sourceLocation: sourceLocation)
}
