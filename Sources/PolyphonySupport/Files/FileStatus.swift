import Foundation

/// The status of a file or folder.
struct FileStatus {
  private let status: stat

  /// Reads the status without following a symbolic link. Nil for a path at which nothing stands.
  init?(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.status = status
  }

  /// The kinds of entries in a folder.
  enum Kind: String {
    case file = "a file"
    case folder = "a folder"
    case link = "a symbolic link"
    case pipe = "a pipe"
    case characterDevice = "a character device"
    case blockDevice = "a block device"
    case socket = "a socket"
  }

  var kind: Kind {
    switch status.st_mode & S_IFMT {
    case S_IFDIR: .folder
    case S_IFLNK: .link
    case S_IFIFO: .pipe
    case S_IFCHR: .characterDevice
    case S_IFBLK: .blockDevice
    case S_IFSOCK: .socket
    default: .file
    }
  }

  /// The permissions of owner, group and others.
  var permissions: mode_t { status.st_mode & 0o777 }

  /// Device and inode, which all names of one file have in common.
  struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  var identity: Identity { Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }

  /// Gives owner, group and permissions of this file to the one that takes its place.
  ///
  /// Only the superuser may give files away. A file that keeps another group gets no permissions for its group.
  func pass(to descriptor: Int32) {
    var permissions = permissions
    if fchown(descriptor, status.st_uid, status.st_gid) != 0, fchown(descriptor, uid_t.max, status.st_gid) != 0 {
      var own = stat()
      if fstat(descriptor, &own) == 0, own.st_gid != status.st_gid { permissions &= ~0o070 }
    }
    fchmod(descriptor, permissions)
  }
}
