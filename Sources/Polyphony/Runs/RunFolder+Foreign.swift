import Foundation
import Torch

/// The rule for files of somebody else in the folder of a run: they stay. A run that would lose one is refused.
extension RunFolder {
  /// The folders that a run replaces as a whole.
  private var products: [(path: String, kind: FolderKind)] {
    [
      (model, .model), (adapter, .adapter), (checkpoint, .checkpoint),
      (CheckpointFolder.previous(checkpoint), .checkpoint),
    ]
  }

  /// Writes the recipe of a run that begins or goes on in the folder.
  /// - Throws: `Fault(.cannotWrite)` if the run would replace a folder or a file of somebody else.
  public func begin(recipe text: String) throws(Fault) {
    for (path, kind) in products { try AtomicFolder.check(path, replacing: kind) }
    if !heldRun {
      // A run that was killed at its very beginning has left the same recipe.
      if let before = FileManager.default.contents(atPath: recipe), before != Data(text.utf8) { throw refuse(recipe) }
      if let before = FileManager.default.contents(atPath: metrics), !before.isEmpty { throw refuse(metrics) }
    }
    try AtomicFile.write(text, to: recipe)
  }

  /// Removes the files of an earlier run, and nothing if one of them is somebody else's.
  func removeRun() throws(Fault) {
    for (path, kind) in products { try AtomicFolder.checkRemoval(path, of: kind) }
    if let data = FileManager.default.contents(atPath: results),
      (try? ResultsDocument(parsing: String(decoding: data, as: UTF8.self), file: results)) == nil
    {
      throw refuse(results)
    }
    for (path, kind) in products { try AtomicFolder.remove(path, of: kind) }
    for run in candidateRuns { _ = try RunFolder(run, existing: .overwrite) }
    for file in heldRun ? [results, recipe, metrics] : [results] { unlink(file) }
  }

  private func refuse(_ file: String) -> Fault {
    Fault(
      .cannotWrite, "the output folder holds a file of another origin, which would be lost", file: file,
      found: (file as NSString).lastPathComponent, expected: "no such file, or that of an earlier run",
      remedy: "move the file elsewhere, or name another folder")
  }
}
