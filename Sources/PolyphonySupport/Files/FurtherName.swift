import Foundation

/// Gives a file or folder a further name. A file system without hard links gets a copy.
/// - Throws: Foundation's error if neither works.
package func giveFurtherName(_ destination: String, to source: String) throws {
  let files = FileManager.default
  do {
    try files.linkItem(atPath: source, toPath: destination)
  } catch {
    try? files.removeItem(atPath: destination)
    try files.copyItem(atPath: source, toPath: destination)
  }
}
