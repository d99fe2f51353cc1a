import Foundation
import Polyphony

/// The folder in which the streams of one model outlive the service.
///
/// A stream is one file, whose name is the SHA-256 of the stream's name. So no text of a client becomes part of a path.
/// The file is replaced as a whole, and it says whose it is.
struct StreamFolder: Sendable {
  /// The name of the folder with the model's streams, below that of all models.
  private let name: String
  private let path: String
  private let notes: [String: String]
  /// Keeps other services out of the folder.
  private let lock: FolderLock?

  /// Makes the folder of a model.
  /// - Parameters:
  ///   - folder: the folder of all models.
  ///   - identity: the hashes of the model's weights. A stream of other weights is not read.
  /// - Throws: `Fault(.cannotWrite)` for a folder that cannot be made, and for one that another service uses.
  init(_ folder: String, model: String, method: String, identity: String) throws(Fault) {
    (name, path) = (model, "\(folder)/\(model)")
    notes = ["model": identity, "method": method]
    try makeFolder(path)
    lock = try FolderLock.take(path)
  }

  private static let pinned = "pinned"

  private func file(_ stream: String) -> String { "\(path)/\(FileHash.sha256(stream.utf8)).safetensors" }

  private func notes(_ stream: String) -> [String: String] { notes.merging(["stream": stream]) { $1 } }

  /// Reads a stream. It is nil if there is none of this name.
  /// - Throws: `Fault(.badData)` for a file that is damaged or that belongs to another model. Other kinds stand for a file
  ///   that cannot be read now.
  func read(_ stream: String, by adaptation: StreamAdaptation) throws(Fault) -> StreamRecord.Saved? {
    let file = file(stream)
    guard access(file, F_OK) == 0 || ![ENOENT, ENOTDIR].contains(errno) else { return nil }
    let (states, notes) = try adaptation.read(file, notes: notes(stream))
    return StreamRecord.Saved(states: states, isPinned: notes[Self.pinned] == "true")
  }

  /// Gives the file of a stream another name, so that an operator can look at it.
  func setAside(_ stream: String) { rename(file(stream), "\(file(stream)).refused") }

  /// Replaces the file of a stream. Nil removes it.
  /// - Throws: `Fault(.cannotWrite)`.
  func write(_ stream: String, _ saved: StreamRecord.Saved?) throws(Fault) {
    let file = file(stream)
    guard let saved else {
      guard unlink(file) == 0 || [ENOENT, ENOTDIR].contains(errno) else {
        throw Fault(.cannotWrite, "the file of a stream cannot be removed", file: file, found: describe(errno: errno))
      }
      return
    }
    let notes = notes(stream).merging([Self.pinned: "\(saved.isPinned)"]) { $1 }
    try StreamAdaptation.write(saved.states, to: file, notes: notes)
  }

  /// The place of a stream's adapter folder, and its name below the folder of all models.
  /// - Throws: `Fault(.cannotWrite)` if the folder of all adapters cannot be made.
  func adapter(_ stream: String) throws(Fault) -> (path: String, name: String) {
    try makeFolder("\(path)/adapters")
    let own = "adapters/\(FileHash.sha256(stream.utf8))"
    return ("\(path)/\(own)", "\(name)/\(own)")
  }
}
