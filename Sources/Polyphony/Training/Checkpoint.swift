import Foundation
import Torch

/// A checkpoint on disk: a folder with files of tensors, `state.json`, and `SHA256SUMS` with the hashes of all.
///
/// A write replaces the whole folder or leaves it as it was. The checkpoint before it stays beside it. If a file of the
/// newest checkpoint is damaged, reading restores the one before.
struct Checkpoint<State: Codable> {
  typealias Tensors = [(key: String, tensor: Tensor)]

  /// The folder.
  let path: String
  /// The state besides the tensors.
  let state: State
  /// A message for the user if the newest checkpoint was damaged. Otherwise nil.
  let warning: String?

  /// Writes tensors by file, and the state.
  static func write(_ files: [(name: String, tensors: Tensors)], _ state: State, to path: String) throws(Fault) {
    if FileManager.default.fileExists(atPath: path) { try CheckpointFolder.keep(path) }
    try AtomicFolder.write(to: path, replacing: .checkpoint) { (folder) throws(Fault) in
      var names = ["state.json"]
      for (name, tensors) in files where !tensors.isEmpty {
        names.append("\(name).safetensors")
        try SafetensorsWriter.write(to: "\(folder)/\(name).safetensors", tensors.map { .init($0.key, $0.tensor) })
      }
      try JSONFile.write(state, to: "\(folder)/state.json")
      try HashList.write(of: names, in: folder)
    }
  }

  /// Reads the checkpoint at a path. Nil if there is none.
  /// - Throws: `Fault` for a damaged checkpoint without a whole one before it.
  init?(at path: String) throws(Fault) {
    guard let opened = try CheckpointFolder.open(path) else { return nil }
    (self.path, warning) = (path, opened.warning)
    state = try JSONFile.read(State.self, from: "\(path)/state.json", remedy: CheckpointFolder.remedy)
  }

  /// The path of a file of tensors.
  func file(_ name: String) -> String { "\(path)/\(name).safetensors" }

  /// The tensors of one file. Empty if there is no such file.
  func tensors(_ name: String) throws(Fault) -> [String: Tensor] {
    guard FileManager.default.fileExists(atPath: file(name)) else { return [:] }
    return try SafetensorsFile(path: file(name)).tensors()
  }

  /// Reads some files of tensors into memory.
  func loaded(_ files: [String]) throws(Fault) -> SavedRun<State> {
    var content: [String: [String: Tensor]] = [:]
    for name in files { content[name] = try tensors(name) }
    return SavedRun(state: state, tensors: content, path: path, warning: warning)
  }
}

/// The folder of the newest checkpoint, and the folder of the one before it.
enum CheckpointFolder {
  static let remedy = "remove the checkpoint to start the run anew"

  /// The folder of the checkpoint before the one at a path.
  static func previous(_ path: String) -> String { "\(path)-previous" }

  /// Makes the checkpoint at a path the previous one too. Its files get a second name, so no bytes are copied.
  static func keep(_ path: String) throws(Fault) { try link(path, to: previous(path)) }

  /// Checks the hashes of the checkpoint at a path. If it is damaged, the checkpoint before it takes its place.
  /// - Returns: nil if there is no checkpoint. The warning says which file was damaged, and what was done.
  static func open(_ path: String) throws(Fault) -> (isDamaged: Bool, warning: String?)? {
    try AtomicFolder.recover(path)
    try AtomicFolder.recover(previous(path))
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do throws(Fault) {
      try HashList.check(in: path)
      return (false, nil)
    } catch {
      guard (try? HashList.check(in: previous(path))) != nil else {
        let isUnlisted = !FileManager.default.fileExists(atPath: "\(path)/\(HashList.name)")
        throw Fault(
          .badData, isUnlisted ? "the checkpoint has no hashes" : "the checkpoint is damaged", file: error.file,
          key: error.key, found: error.found ?? error.problem, expected: error.expected,
          remedy: isUnlisted ? "resume with the version of Polyphony that wrote it, or \(remedy)" : remedy)
      }
      try link(previous(path), to: path)
      return (true, "\(error.file ?? path): \(error.problem); the run goes on from the checkpoint before it")
    }
  }

  /// Replaces a folder with second names of another folder's files, or with copies where a file system has none.
  private static func link(_ source: String, to destination: String) throws(Fault) {
    try AtomicFolder.write(to: destination, replacing: .checkpoint) { (folder) throws(Fault) in
      do {
        for entry in try FileManager.default.contentsOfDirectory(atPath: source) {
          try giveFurtherName("\(folder)/\(entry)", to: "\(source)/\(entry)")
        }
      } catch {
        throw Fault(
          .cannotWrite, "the checkpoint cannot be kept", file: destination, found: error.localizedDescription,
          expected: "the files of \(source)")
      }
    }
  }
}
