import Foundation
import Torch

/// What a finished stage says of itself: `stage.json` in its folder, written last.
struct StageRecord: Codable {
  /// Elements of all parameters, and of those that were trained.
  struct Parameters: Codable {
    var total: Int
    var trainable: Int
  }

  static let file = "stage.json"

  /// The hash of all that the stage depends on.
  var key: String
  /// What it did.
  var kind: String
  /// How.
  var method: String
  /// Its seed.
  var seed: UInt64
  /// The SHA-256 of the weights that it has left.
  var weights: String
  /// Seconds that it took, those of earlier attempts up to their last epoch included.
  var seconds: Double
  /// Its parameters.
  var parameters: Parameters?
  /// What the tuning method costs.
  var cost: TuningCost?
}

/// The place of a stage: a folder that is named after all that the stage depends on.
struct StagePlace {
  /// What is done there.
  let stage: PipelineStage
  /// The hash of all that the stage depends on.
  let key: String
  /// The folder, below the pipeline's.
  let relative: String
  /// The folder.
  let path: String

  init(_ stage: PipelineStage, key: String, in output: String) {
    (self.stage, self.key) = (stage, key)
    let method = stage.method.map { $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : "-" }
    relative = "stages/\(stage.kind.rawValue)-\(String(method))-\(key.prefix(16))"
    path = "\(output)/\(relative)"
  }

  /// The folder of what the stage leaves.
  var product: String { stage.kind == .train ? "\(path)/model" : "\(path)/adapter" }

  /// The file of the weights that it leaves.
  var weights: String {
    "\(product)/\(stage.kind == .train ? ModelFolder.weightsFile : AdapterFolder.weightsFile)"
  }

  /// What the finished stage says of itself; nil where it is not finished, or what it has left is damaged.
  func record() -> StageRecord? {
    guard let record = try? JSONFile.read(StageRecord.self, from: "\(path)/\(StageRecord.file)"), record.key == key,
      (try? FileHash.sha256(of: weights)) == record.weights
    else { return nil }
    if stage.kind != .train, (try? AdapterFolder.checkStack(product)) == nil { return nil }
    return record
  }
}

/// Where a seed's model stands between two stages.
struct PipelineState {
  /// The base model's folder.
  var model: String
  /// What it carries.
  var adapter: String?
}
