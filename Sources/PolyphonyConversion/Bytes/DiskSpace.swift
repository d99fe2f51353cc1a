import Foundation
import Polyphony

/// The free space of a disk. A small file may promise content that no disk can hold.
enum DiskSpace {
  /// Checks that a disk has space for content of a known size, before any of it is written.
  /// - Parameters:
  ///   - descriptor: an open file or folder on the disk.
  ///   - content: the content in the words of the error.
  ///   - source: the file that the content comes from.
  /// - Throws: `Fault(.cannotWrite)` if the disk has less.
  static func check(for bytes: Int, at descriptor: Int32, _ content: String, of source: String) throws(Fault) {
    var disk = statvfs()
    guard fstatvfs(descriptor, &disk) == 0 else { return }
    let (free, overflow) = Int(disk.f_bavail).multipliedReportingOverflow(by: Int(disk.f_frsize))
    guard !overflow, bytes > free else { return }
    throw Fault(
      .cannotWrite, "the disk has no space for \(content)", file: source, found: "\(free) free bytes",
      expected: "\(bytes) bytes", remedy: "free some space, or choose an output on another disk")
  }
}
