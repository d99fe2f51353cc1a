import Foundation
import Torch

/// Everything besides tensors that an adaptation needs to go on with the same bits: `state.json` of its checkpoint.
struct AdaptationState: Codable {
  /// Epochs that are complete.
  var epoch = 0
  /// Steps of the current epoch that are done; online, batches.
  var stepInEpoch = 0
  /// Steps of the whole run.
  var step = 0
  /// Sums over the current epoch.
  var sums = Sums()
  /// Online: the latest contrastive losses.
  var recentContrast: [Double] = []
  var contrastReference: Double?
  var records: [AdaptationRecord] = []
  var returns: [CollapseRecord] = []
  /// Whether a return has ended the run.
  var isEnded = false
  /// What the run was started with; a resumed run must be the same.
  var seed: UInt64
  var identity: String
  /// Who wrote this.
  var polyphony = Polyphony.version
  var libtorch = Libtorch.version

  /// Sums of an epoch's steps.
  struct Sums: Codable {
    var loss = 0.0
    var losses = 0
    var contrast = 0.0
    var contrasts = 0
    var learned = 0

    mutating func add(_ step: AdaptationStep) {
      if let value = step.loss { (loss, losses) = (loss + value, losses + 1) }
      if let value = step.contrast { (contrast, contrasts) = (contrast + value, contrasts + 1) }
      learned += step.learned
    }

    var meanLoss: Double? { losses > 0 ? loss / Double(losses) : nil }
    var meanContrast: Double? { contrasts > 0 ? contrast / Double(contrasts) : nil }
  }
}

/// An adaptation that can be continued: a folder, replaced whole or not at all.
enum AdaptationCheckpoint {
  typealias Tensors = [(key: String, tensor: Tensor)]

  /// Tensors by file: `adapted`, `optimizer`, `method`, `good`, `stream`.
  static func write(_ files: [(name: String, tensors: Tensors)], _ state: AdaptationState, to path: String)
    throws(Fault)
  {
    try AtomicFolder.write(to: path) { (folder) throws(Fault) in
      for (name, tensors) in files where !tensors.isEmpty {
        try SafetensorsWriter.write(to: "\(folder)/\(name).safetensors", tensors.map { .init($0.key, $0.tensor) })
      }
      try JSONFile.write(state, to: "\(folder)/state.json")
    }
  }

  /// The state of the checkpoint at a path; nil where there is none.
  static func state(at path: String) throws(Fault) -> AdaptationState? {
    try AtomicFolder.recover(path)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try JSONFile.read(
      AdaptationState.self, from: "\(path)/state.json", remedy: "remove the checkpoint to start the run anew")
  }
}
