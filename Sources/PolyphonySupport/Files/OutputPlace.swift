import Foundation

/// The kind of place at the path of an output file. It decides how the file is written.
///
/// A regular file or a new name gets the whole new file by one rename. A symbolic link is followed. A pipe, a character
/// device and an open descriptor (`/dev/stdout`, `/dev/fd/3`) take the bytes as they come. All else is refused.
enum OutputPlace {
  /// A name in a folder, with the status of the file that is replaced.
  case file(path: String, replaced: FileStatus?)
  /// A pipe or a character device.
  case stream(path: String)
  /// A descriptor that the process has from its parent.
  case descriptor(Int32)

  /// Looks at a path.
  /// - Throws: `Fault(.cannotWrite)` for a folder, a socket, a block device, a file that must not be written, and an
  ///   input of the same command.
  init(_ path: String) throws(Fault) {
    let place = SymbolicLink.target(of: path)
    if let number = Self.descriptor(place) {
      self = .descriptor(number)
      return
    }
    guard let status = FileStatus(place) else {
      guard errno == ENOENT || errno == ENOTDIR else { throw FileStep.makeTemporary.fault(path, errno) }
      try SymbolicLink.checkTarget(place, of: path)
      guard !path.isEmpty, path.last != "/" else { throw Self.refuse(path, path.isEmpty ? "no name" : "a folder") }
      self = .file(path: place, replaced: nil)
      return
    }
    switch status.kind {
    case .file:
      try InputFiles.spare(status, path)
      guard access(place, W_OK) == 0 else { throw FileStep.makeTemporary.fault(path, errno) }
      self = .file(path: place, replaced: status)
    case .pipe, .characterDevice: self = .stream(path: place)
    case .folder, .link, .blockDevice, .socket: throw Self.refuse(path, status.kind.rawValue)
    }
  }

  private static func refuse(_ path: String, _ found: String) -> Fault {
    Fault(
      .cannotWrite, "no file can be written at this path", file: path, found: found,
      expected: "a new name, a file to replace, a pipe or a character device", remedy: "name a file")
  }

  /// The number of the descriptor that a path stands for. Nil for any other path.
  static func descriptor(_ path: String) -> Int32? {
    let (folder, name) = TemporaryName.split(path)
    guard ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd", "/proc/\(getpid())/fd"].contains(folder) else {
      return nil
    }
    return Int32(name)
  }
}
