import Foundation

/// The files and folders that the program reads for the user: models, adapters and data. No output replaces them.
///
/// Only the program names some. A client of the library may read a model and write it back to its folder.
package enum InputFiles {
  private static let known = Locked<[FileStatus.Identity: String]>([:])

  /// Protects a file, or a folder with the files of its kind. A path at which nothing stands is no input.
  package static func protect(_ path: String, _ kind: FolderKind? = nil) {
    let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let status = FileStatus(place) else { return }
    known.update { $0[status.identity] = place }
    guard status.kind == .folder, let kind else { return }
    for name in kind.ownFiles(in: place) ?? [] { protect("\(path)/\(name)", kind) }
  }

  /// Throws for a file or folder that is an input.
  static func spare(_ status: FileStatus, _ path: String) throws(Fault) {
    // The system gives the inode of a removed file to another one.
    guard let input = known.value[status.identity], FileStatus(input)?.identity == status.identity else { return }
    throw Fault(
      .cannotWrite, "the output would replace an input of the same command", file: path, found: input,
      expected: "another path", remedy: "choose another output")
  }
}
