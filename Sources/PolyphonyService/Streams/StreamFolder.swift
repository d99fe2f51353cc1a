import Foundation
import Polyphony
import Torch

/// The folder in which the streams of one model outlive the service.
///
/// A stream is one file, whose name is the SHA-256 of the stream's name. So no text of a client becomes part of a path.
/// The file is replaced as a whole, and it says whose it is.
///
/// Several services may share the folder. A service locks a stream before it reads it, and until all that the stream has
/// learned is in its file. The file's version tells a service whether what it has in memory is still the latest state.
struct StreamFolder: Sendable {
  /// The name of the folder with the model's streams, below that of all models.
  private let name: String
  private let path: String
  private let notes: [String: String]
  /// The streams that this service has.
  let locks: StreamLocks

  /// Makes the folder of a model.
  /// - Parameters:
  ///   - folder: the folder of all models.
  ///   - identity: the hashes of the model's weights. A stream of other weights is not read.
  /// - Throws: `Fault(.cannotWrite)` for a folder that cannot be made.
  init(_ folder: String, model: String, method: String, identity: String) throws(Fault) {
    (name, path) = (model, "\(folder)/\(model)")
    notes = ["model": identity, "method": method]
    try makeFolder(path)
    TemporaryName.removeAbandoned(in: path)
    locks = StreamLocks(path)
  }

  private static let pinned = "pinned"

  private func file(_ stream: String) -> String { "\(path)/\(FileHash.sha256(stream.utf8)).safetensors" }

  private func notes(_ stream: String) -> [String: String] { notes.merging(["stream": stream]) { $1 } }

  /// Reads a stream. It is nil if there is none of this name.
  /// - Throws: `Fault(.badData)` for a file that is damaged or that belongs to another model. Other kinds stand for a file
  ///   that cannot be read now.
  func read(
    _ stream: String, by adaptation: StreamAdaptation
  ) throws(Fault) -> (saved: StreamRecord.Saved, version: StreamVersion)? {
    let file = file(stream)
    guard access(file, F_OK) == 0 || ![ENOENT, ENOTDIR].contains(errno) else { return nil }
    let (states, notes) = try adaptation.read(file, notes: notes(stream))
    return (StreamRecord.Saved(states: states, isPinned: notes[Self.pinned] == "true"), StreamVersion(notes))
  }

  /// The version of a stream's file. It is nil if there is no file.
  /// - Throws: `Fault(.badData)` for a damaged file. Other kinds stand for a folder or a file that cannot be read now.
  func version(of stream: String) throws(Fault) -> StreamVersion? {
    let file = file(stream)
    guard access(file, F_OK) == 0 || errno != ENOENT || access(path, F_OK) != 0 else { return nil }
    return StreamVersion(try SafetensorsFile(path: file).metadata)
  }

  /// Gives the file of a stream another name, so that an operator can look at it.
  func setAside(_ stream: String) { rename(file(stream), "\(file(stream)).refused") }

  /// Replaces the file of a stream. Nil removes it.
  /// - Parameter known: the version that the state comes from, and afterwards the one that was written.
  /// - Returns: False if another service has written the file in the meantime. The file then stays as it is.
  /// - Throws: `Fault(.cannotWrite)`.
  func write(_ stream: String, _ saved: StreamRecord.Saved?, _ known: KnownVersion) throws(Fault) -> Bool {
    guard isLatest(stream, known) else { return false }
    let file = file(stream)
    guard let saved else {
      guard unlink(file) == 0 || [ENOENT, ENOTDIR].contains(errno) else {
        throw Fault(.cannotWrite, "the file of a stream cannot be removed", file: file, found: describe(errno: errno))
      }
      known.value = nil
      return true
    }
    let next = StreamVersion(after: known.value)
    let entries = next.entries.merging([Self.pinned: "\(saved.isPinned)"]) { $1 }
    try StreamAdaptation.write(saved.states, to: file, notes: notes(stream).merging(entries) { $1 })
    known.value = next
    return true
  }

  /// True unless another service has written or removed the file since this one knew its version.
  ///
  /// A file that is damaged or cannot be read now says nothing, and what is in memory is better.
  func isLatest(_ stream: String, _ known: KnownVersion) -> Bool {
    do throws(Fault) { return try version(of: stream) == known.value } catch { return true }
  }

  /// The place of a stream's adapter folder, and its name below the folder of all models.
  /// - Throws: `Fault(.cannotWrite)` if the folder of all adapters cannot be made.
  func adapter(_ stream: String) throws(Fault) -> (path: String, name: String) {
    try makeFolder("\(path)/adapters")
    let own = "adapters/\(FileHash.sha256(stream.utf8))"
    return ("\(path)/\(own)", "\(name)/\(own)")
  }
}
