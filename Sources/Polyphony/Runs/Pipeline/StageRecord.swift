import Foundation
import Torch

/// The record of a finished stage. Its file `stage.json` is the last one that the stage writes.
struct StageRecord: Codable {
  static let file = "stage.json"

  /// The hash of everything that the stage depends on.
  var key: String
  /// The kind of the stage.
  var kind: String
  /// The name of the method.
  var method: String
  /// The seed of the stage.
  var seed: UInt64
  /// The SHA-256 of the product's weights.
  var weights: String
  /// The duration in seconds, with earlier attempts up to their last epoch.
  var seconds: Double
  /// The sizes of the product.
  var parameters: ParameterCount?
  /// The cost of the tuning method. Nil for other stages.
  var cost: TuningCost?
}

/// The folder of a stage. Its name comes from everything that the stage depends on.
struct StagePlace {
  /// The stage of this folder.
  let stage: PipelineStage
  /// The hash of everything that the stage depends on.
  let key: String
  /// The path of the folder, relative to the pipeline's.
  let relative: String
  /// The path of the folder.
  let path: String

  init(_ stage: PipelineStage, key: String, in output: String) {
    (self.stage, self.key) = (stage, key)
    let method = stage.method.map { $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : "-" }
    relative = "stages/\(stage.kind.rawValue)-\(String(method))-\(key.prefix(16))"
    path = "\(output)/\(relative)"
  }

  /// The folder of the stage's product, a model or an adapter.
  var product: String { stage.kind == .train ? "\(path)/model" : "\(path)/adapter" }

  /// The file of the product's weights.
  var weights: String {
    "\(product)/\(stage.kind == .train ? ModelFolder.weightsFile : AdapterFolder.weightsFile)"
  }

  /// Reads the record of the finished stage. Returns nil for an unfinished stage or a damaged product.
  func record() -> StageRecord? {
    guard let record = try? JSONFile.read(StageRecord.self, from: "\(path)/\(StageRecord.file)"), record.key == key,
      (try? FileHash.sha256(of: weights)) == record.weights
    else { return nil }
    if stage.kind != .train, (try? AdapterFolder.checkStack(product)) == nil { return nil }
    return record
  }
}

/// The state of a seed's model between two stages.
struct PipelineState {
  /// The base model's folder.
  var model: String
  /// The folder of the adapter that the model carries.
  var adapter: String?
}
