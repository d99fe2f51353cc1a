import Foundation

/// A list of files with their SHA-256 in the form of `sha256sum`: a line `HASH  NAME` for each file.
///
/// The list is in the folder of its files. `sha256sum --check` in that folder checks them too.
package enum HashList {
  /// The usual name of a list.
  package static let name = "SHA256SUMS"

  /// Writes the list of some files of a folder.
  /// - Throws: `Fault(.missingInput)` for a file that cannot be read, `Fault(.cannotWrite)`.
  package static func write(of files: [String], in folder: String, to list: String = name) throws(Fault) {
    var text = ""
    for file in files.sorted() { text += "\(try FileHash.sha256(of: "\(folder)/\(file)"))  \(file)\n" }
    try AtomicFile.write(text, to: "\(folder)/\(list)")
  }

  /// Compares the files of a folder with the list.
  /// - Throws: `Fault(.missingInput)` without a list or without a file, `Fault(.badData)` for a damaged list or file.
  package static func check(in folder: String, _ list: String = name) throws(Fault) {
    let path = "\(folder)/\(list)"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Fault(.missingInput, "the list of hashes is missing", file: path)
    }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    guard !lines.isEmpty else { throw Fault(.badData, "the list of hashes is empty", file: path) }
    for line in lines {
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      let file = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
      guard !file.isEmpty, !file.contains("/"), file != ".." else {
        throw Fault(.badData, "the list of hashes is damaged", file: path, found: "\(line)", expected: "HASH  NAME")
      }
      let found = try FileHash.sha256(of: "\(folder)/\(file)")
      guard found == parts[0] else {
        throw Fault(
          .badData, "the file is damaged", file: "\(folder)/\(file)", key: "sha256", found: found,
          expected: String(parts[0]))
      }
    }
  }
}
