import Foundation
import Torch

/// The hashes of everything that stages and scores depend on.
///
/// A stage's key covers its settings with all defaults, its seed, the content of its data, its starting point, and the
/// versions of library and libtorch. The starting point is the key of the stage before it. So all keys are known before
/// the first step, and pipelines with the same first stages share them.
final class PipelineKeys {
  private var data: [String: String] = [:]

  /// The key of a stage that starts from the product with the key `start`.
  func key(_ stage: PipelineStage, seed: UInt64, after start: String) throws(Fault) -> String {
    let body = try stage.body.flatMap { (body) throws(Fault) in try body.fingerprint(seed: seed) }
    return Self.hash([stage.text, "seed \(seed)", try data(stage.data), start] + (body.map { [$0] } ?? []))
  }

  /// The key of the scores of the model with the key `model`.
  func key(_ evaluation: PipelineEvaluation, seed: UInt64, of model: String) throws(Fault) -> String {
    Self.hash(["evaluate \(evaluation.text)", "seed \(seed)", try data(evaluation.data), model])
  }

  /// The key of a model folder, with an adapter if there is one.
  func key(model: String, adapter: String?) throws(Fault) -> String {
    var parts = [
      try FileHash.sha256(of: "\(model)/\(ModelFolder.weightsFile)"),
      try FileHash.sha256(of: "\(model)/\(ModelFolder.configurationFile)"),
    ]
    var next = adapter
    while let folder = next {
      parts.append(try FileHash.sha256(of: "\(folder)/\(AdapterFolder.weightsFile)"))
      let description = try AdapterFolder.description(of: folder)
      parts.append("\(description.method) \(description.settings.canonical)")
      next = description.beneath?.path
    }
    return Self.hash(parts)
  }

  /// The hash of a data set's description and files.
  private func data(_ folder: String) throws(Fault) -> String {
    if let known = data[folder] { return known }
    let dataset = try Dataset(folder)
    var parts = [try FileHash.sha256(of: "\(folder)/dataset.json")]
    for name in dataset.splitNames { parts.append(try dataset.fileHash(of: name)) }
    let hash = Self.hash(parts)
    data[folder] = hash
    return hash
  }

  private static func hash(_ parts: [String]) -> String {
    FileHash.sha256((parts + [Polyphony.version, Libtorch.version]).joined(separator: "\n").utf8)
  }
}
