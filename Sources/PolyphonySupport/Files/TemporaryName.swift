import Foundation

/// A temporary name beside a destination, `.NAME.tmp-PID-RANDOM`, with a lock as long as it is in use.
///
/// The lock (`flock`) ends with the process in every case. So a free lock reveals the remains of a killed process, and
/// nothing depends on process numbers, which the system uses again.
package struct TemporaryName {
  /// The path of the temporary file or folder.
  package let path: String

  package init(for destination: String) {
    let (folder, name) = Self.split(destination)
    self.path = "\(folder)/.\(name).tmp-\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 16))"
  }

  /// The name of the replaced folder between two renames.
  static func retired(_ destination: String) -> String {
    let (folder, name) = split(destination)
    return "\(folder)/.\(name).old-polyphony"
  }

  /// Splits a path into its folder and last component. Slashes at its end do not count.
  static func split(_ path: String) -> (folder: String, name: String) {
    var path = path[...]
    while path.count > 1, path.last == "/" { path.removeLast() }
    guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  /// Removes the temporary files that killed writers of this destination have left.
  package static func removeAbandoned(beside destination: String) {
    let (folder, name) = split(destination)
    let prefix = ".\(name).tmp-"
    removeAbandoned(in: folder) { entry in entry.hasPrefix(prefix) && isOwn(entry.dropFirst(prefix.count)) }
  }

  /// Removes the temporary files that killed writers of any destination in a folder have left.
  package static func removeAbandoned(in folder: String) {
    removeAbandoned(in: folder) { entry in
      guard entry.hasPrefix("."), let mark = entry.range(of: ".tmp-", options: .backwards) else { return false }
      return isOwn(entry[mark.upperBound...])
    }
  }

  private static func removeAbandoned(in folder: String, _ isTemporary: (String) -> Bool) {
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where isTemporary(entry) {
      let path = "\(folder)/\(entry)"
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: path) }
    }
  }

  /// True for the end of a temporary name, `PID-RANDOM`. A file of somebody else is not removed.
  private static func isOwn(_ ending: Substring) -> Bool {
    let parts = ending.split(separator: "-", omittingEmptySubsequences: false)
    return parts.count == 2 && Int32(parts[0]) != nil && UInt32(parts[1], radix: 16) != nil
  }
}

/// Flushes a folder's entries, so that a rename in it survives a loss of power.
func syncFolder(_ path: String, as step: FileStep = .syncFolder) throws(Fault) {
  let descriptor = try step.perform(path) { open(path, O_RDONLY | O_CLOEXEC) }
  defer { close(descriptor) }
  // Some file systems refuse to flush a folder (EINVAL), and there is no other way on them.
  if fsync(descriptor) != 0, errno != EINVAL {
    let number = errno
    throw Fault(.cannotWrite, "the folder cannot be flushed", file: path, found: describe(errno: number))
  }
}
