import Foundation
import Torch

/// A model on disk: a folder with `config.json` and `model.safetensors`, and the ``SourceMoments`` of a training.
///
/// ```swift
/// let model = try ModelFolder.read("runs/base/model")
/// let predictions = model(inputs).prediction
/// try ModelFolder.write(model.backbone, to: "models/copy")
/// ```
public enum ModelFolder {
  package static let configurationFile = "config.json"
  package static let weightsFile = "model.safetensors"

  /// Reads a model.
  ///
  /// - Throws: `Fault(.missingInput)` for a missing folder or file, `Fault(.badData)` for weights that do not fit the
  ///   configuration.
  public static func read(_ path: String) throws(Fault) -> MultimodalModel {
    try AtomicFolder.recover(path)
    let configuration = try configuration(of: path)
    let place = "\(path)/\(configurationFile)"
    try Architectures.check(configuration, fits: try SafetensorsFile(path: "\(path)/\(weightsFile)"), file: place)
    let backbone = try Architectures.make(configuration, file: place)
    try read(into: backbone, path)
    let model = MultimodalModel(backbone)
    model.folder = path
    model.sourceMoments = try SourceMoments(folder: path, for: configuration)
    return model
  }

  /// Reads the weights of a folder into a backbone of the same configuration.
  static func read(into backbone: any Backbone, _ path: String) throws(Fault) {
    let file = "\(path)/\(weightsFile)"
    let tensors = try SafetensorsFile(path: file).tensors()
    try backbone.load(tensors, file: file, rename: backbone.naming(Set(tensors.keys)))
  }

  /// The configuration of a model folder.
  public static func configuration(of path: String) throws(Fault) -> ModelConfiguration {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Fault(
        .missingInput, "there is no model folder at this path", file: path,
        remedy: "name a folder with config.json and model.safetensors, such as OUTPUT/model of a training run")
    }
    return try JSONFile.read(
      ModelConfiguration.self, from: "\(path)/\(configurationFile)", remedy: "name a folder that holds a model")
  }

  /// Makes or replaces the folder at a path atomically.
  ///
  /// A reparametrized tensor W is written in the form that the layers see, such as W + (α/r)·B·A.
  /// - Throws: `Fault(.cannotWrite)`. An earlier folder at the path stays then.
  public static func write(_ backbone: any Backbone, to path: String) throws(Fault) {
    try AtomicFolder.write(to: path, replacing: .model) { (folder) throws(Fault) in try fill(folder, with: backbone) }
  }

  /// Writes the files of a model into a folder. The caller makes the write atomic.
  static func fill(_ folder: String, with backbone: any Backbone) throws(Fault) {
    try JSONFile.write(backbone.configuration, to: "\(folder)/\(configurationFile)")
    try SafetensorsWriter.write(
      to: "\(folder)/\(weightsFile)", backbone.storage().map { .init(backbone.fileKey($0.key), $0.storage.effective) },
      metadata: ["format": "pt"])
  }

  /// The SHA-256 of a model's weights, which identifies the base of an adapter.
  public static func fingerprint(_ path: String) throws(Fault) -> String {
    try FileHash.sha256(of: "\(path)/\(weightsFile)")
  }
}
