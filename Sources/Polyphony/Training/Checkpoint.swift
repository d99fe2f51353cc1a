import Foundation
import Torch

/// A checkpoint on disk: a folder with model, optimiser, strategy, best weights and state. A write replaces all of it
/// or leaves it as it was.
enum Checkpoint {
  /// The tensors of a checkpoint, by file.
  struct Tensors {
    var model: [(key: String, tensor: Tensor)]
    var optimizer: [(key: String, tensor: Tensor)]
    var strategy: [(key: String, tensor: Tensor)]
    var best: [(key: String, tensor: Tensor)]

    fileprivate var files: [(name: String, tensors: [(key: String, tensor: Tensor)])] {
      [("model", model), ("optimizer", optimizer), ("strategy", strategy), ("best", best)]
    }
  }

  static func write(_ tensors: Tensors, _ state: TrainingState, to path: String) throws(Fault) {
    try AtomicFolder.write(to: path, replacing: .checkpoint) { (folder) throws(Fault) in
      for (name, tensors) in tensors.files where !tensors.isEmpty {
        try SafetensorsWriter.write(to: "\(folder)/\(name).safetensors", tensors.map { .init($0.key, $0.tensor) })
      }
      try JSONFile.write(state, to: "\(folder)/state.json")
    }
  }

  /// The state of the checkpoint at a path. Nil if there is no checkpoint.
  static func state(at path: String) throws(Fault) -> TrainingState? {
    try AtomicFolder.recover(path)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try JSONFile.read(
      TrainingState.self, from: "\(path)/state.json", remedy: "remove the checkpoint to start the run anew")
  }

  /// The tensors of one file of a checkpoint. Empty if there is no such file.
  static func tensors(_ name: String, at path: String) throws(Fault) -> [String: Tensor] {
    let file = "\(path)/\(name).safetensors"
    guard FileManager.default.fileExists(atPath: file) else { return [:] }
    return try SafetensorsFile(path: file).tensors()
  }
}
