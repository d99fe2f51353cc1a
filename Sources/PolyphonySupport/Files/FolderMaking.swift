import Foundation

/// Makes a folder with all folders above it, and flushes the folder above. A folder that is there already stays as it
/// is.
/// - Throws: `Fault(.cannotWrite)` with the system's words.
package func makeFolder(_ path: String) throws(Fault) {
  var result = mkdir(path, 0o777)
  var number = errno
  if result != 0, number == ENOENT, path.parentFolder != path, !path.isEmpty {
    try makeFolder(path.parentFolder)
    result = mkdir(path, 0o777)
    number = errno
  }
  if result == 0 {
    // A folder above that may be written but not read cannot be flushed. The new one is of use all the same.
    try? syncFolder(path.parentFolder)
    return
  }
  var isFolder: ObjCBool = false
  let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
  guard !isFolder.boolValue else { return }
  throw Fault(
    .cannotWrite, "the output folder cannot be made", file: path,
    found: isThere ? "a file of this name" : describe(errno: number), remedy: "choose a folder that you may write to")
}
