import Foundation
import Torch

/// The folder of a run: what lies where, and who may write into it.
///
/// While a value of it lives, no other process gets one of the same folder.
public struct RunFolder: Sendable {
  /// The folder.
  public let path: String
  private var lock: FolderLock?
  /// The chosen model.
  public var model: String { "\(path)/model" }
  /// The chosen adapter.
  public var adapter: String { "\(path)/adapter" }
  /// The state to continue from.
  public var checkpoint: String { "\(path)/checkpoint" }
  /// The recipe with every default filled in.
  public var recipe: String { "\(path)/recipe.yaml" }
  /// One JSON object per epoch.
  public var metrics: String { "\(path)/metrics.jsonl" }
  /// The result document.
  public var results: String { "\(path)/results.json" }

  /// What to do with a folder that holds a run already.
  public enum Existing: Sendable {
    /// Refuse.
    case refuse
    /// Continue it; start where there is none.
    case resume
    /// Remove it and start anew.
    case overwrite
  }

  /// Makes the folder, or takes over the one that is there.
  ///
  /// - Throws: `Fault(.cannotWrite)` where it cannot be made, or holds a run and `existing` says to refuse, or another process
  ///   writes into it.
  public init(_ path: String, existing: Existing) throws(Fault) {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Fault(
        .cannotWrite, "the output folder cannot be made", file: path, found: error.localizedDescription,
        remedy: "choose a folder that you may write to")
    }
    guard access(path, W_OK) == 0 else {
      throw Fault(
        .cannotWrite, "the output folder cannot be written to", file: path, found: String(cString: strerror(errno)),
        remedy: "choose a folder that you may write to")
    }
    lock = try FolderLock.take(path)
    let held = [model, adapter, checkpoint, results].filter { FileManager.default.fileExists(atPath: $0) }
    if let first = held.first, existing == .refuse {
      throw Fault(
        .cannotWrite, "the output folder already holds a run", file: path,
        found: (first as NSString).lastPathComponent, expected: "a new or empty folder",
        remedy: "continue it with --resume, replace it with --overwrite, or choose another folder")
    }
    if existing == .overwrite {
      for entry in held + [recipe, metrics] { try? FileManager.default.removeItem(atPath: entry) }
    }
  }
}
