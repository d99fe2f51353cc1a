import Foundation

extension Dataset {
  /// Reads the texts behind the samples' ids from `ids.json`: the text of id 0 first. Without the file it is nil.
  /// - Throws: `Fault(.badData)` for a file that is no list of texts.
  public func sampleNames() throws(Fault) -> [String]? {
    let path = folder + "/ids.json"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try JSONFile.read([String].self, from: path, remedy: "restore the file, or remove it for the ids as numbers")
  }
}
