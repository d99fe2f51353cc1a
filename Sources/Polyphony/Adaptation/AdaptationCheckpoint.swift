import Foundation
import Torch

/// The state of an adaptation besides its tensors, `state.json` of a checkpoint. A run resumes from it with the same
/// bits.
struct AdaptationState: Codable {
  /// The number of complete epochs.
  var epoch = 0
  /// The number of complete steps in the current epoch, online of complete batches.
  var stepInEpoch = 0
  /// The number of steps in the whole run.
  var step = 0
  /// The sums over the current epoch.
  var sums = Sums()
  /// The latest contrastive losses, online.
  var recentContrast: [Double] = []
  var contrastReference: Double?
  var records: [AdaptationRecord] = []
  var returns: [CollapseRecord] = []
  /// True if a return has ended the run.
  var isEnded = false
  /// The seed and the settings of the run. A resumed run must have the same.
  var seed: UInt64
  var identity: String
  /// The versions that wrote this state.
  var polyphony = Polyphony.version
  var libtorch = Libtorch.version

  /// The sums over the steps of an epoch.
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

/// The folder of an adaptation that a run can resume from. A write replaces all of it or nothing.
enum AdaptationCheckpoint {
  typealias Tensors = [(key: String, tensor: Tensor)]

  /// Writes the state and the tensors by file: `adapted`, `optimizer`, `method`, `good`, `stream`.
  static func write(_ files: [(name: String, tensors: Tensors)], _ state: AdaptationState, to path: String)
    throws(Fault)
  {
    try AtomicFolder.write(to: path, replacing: .checkpoint) { (folder) throws(Fault) in
      for (name, tensors) in files where !tensors.isEmpty {
        try SafetensorsWriter.write(to: "\(folder)/\(name).safetensors", tensors.map { .init($0.key, $0.tensor) })
      }
      try JSONFile.write(state, to: "\(folder)/state.json")
    }
  }

  /// The state in the checkpoint at a path; nil if there is none.
  static func state(at path: String) throws(Fault) -> AdaptationState? {
    try AtomicFolder.recover(path)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try JSONFile.read(
      AdaptationState.self, from: "\(path)/state.json", remedy: "remove the checkpoint to start the run anew")
  }
}
