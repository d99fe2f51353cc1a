import Foundation

/// The marks by which a changed file is recognised without reading it: size, times and inode.
///
/// Programs can set the modification time back after a change, but not the time of the last change of status.
package struct FileSignature: Codable, Equatable, Sendable {
  /// The number of bytes.
  package let size: Int
  /// The time of the last modification in nanoseconds since 1970.
  package let modified: Int
  /// The time of the last change of content or status in nanoseconds since 1970.
  package let changed: Int
  /// The number of the file in its file system.
  package let inode: UInt64

  /// Takes the marks of a status.
  package init(_ status: stat) {
    func nanoseconds(_ time: timespec) -> Int { Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec) }
    size = Int(status.st_size)
    inode = UInt64(status.st_ino)
    #if canImport(Darwin)
      (modified, changed) = (nanoseconds(status.st_mtimespec), nanoseconds(status.st_ctimespec))
    #else
      (modified, changed) = (nanoseconds(status.st_mtim), nanoseconds(status.st_ctim))
    #endif
  }

  /// Reads the marks of a file, and follows symbolic links. Nil for a path at which nothing stands.
  package init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// True if the file has not changed for some seconds.
  ///
  /// A file that changes twice within one step of the file system's clock, some milliseconds, keeps its marks.
  package func isAtRest(for seconds: Double) -> Bool {
    Double(max(modified, changed)) / 1e9 + seconds < Date().timeIntervalSince1970
  }
}
