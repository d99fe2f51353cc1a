import Torch

/// The content of a run's checkpoint in memory.
struct SavedRun<State: Codable> {
  /// The state besides the tensors.
  let state: State
  /// The tensors of each file by key.
  let tensors: [String: [String: Tensor]]
  /// The folder of the checkpoint.
  let path: String
  /// A message for the user if the newest checkpoint was damaged. Otherwise nil.
  let warning: String?

  /// The path of a file of tensors.
  func file(_ name: String) -> String { "\(path)/\(name).safetensors" }

  /// The path of the file of the state.
  var stateFile: String { "\(path)/state.json" }
}
