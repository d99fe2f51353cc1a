import Foundation

/// Makes a folder with all folders above it. A folder that is there already stays as it is.
/// - Throws: `Fault(.cannotWrite)` with the system's words.
package func makeFolder(_ path: String) throws(Fault) {
  guard mkdir(path, 0o777) != 0 else { return }
  var number = errno
  if number == ENOENT, path.parentFolder != path, !path.isEmpty {
    try makeFolder(path.parentFolder)
    guard mkdir(path, 0o777) != 0 else { return }
    number = errno
  }
  var isFolder: ObjCBool = false
  let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
  guard !isFolder.boolValue else { return }
  throw Fault(
    .cannotWrite, "the output folder cannot be made", file: path,
    found: isThere ? "a file of this name" : describe(errno: number), remedy: "choose a folder that you may write to")
}
