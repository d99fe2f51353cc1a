import Foundation

/// The parts of a replaced folder that the new one keeps: the files of somebody else, and the permissions of its own.
struct KeptFiles {
  private let old: String
  private let new: String
  private let kind: FolderKind

  init(from old: String, to new: String, _ kind: FolderKind) { (self.old, self.new, self.kind) = (old, new, kind) }

  /// - Throws: `Fault(.cannotWrite)` for a file that cannot be kept, and for one whose name the new folder needs.
  func keep() throws(Fault) {
    for name in kind.foreignFiles(in: old) {
      guard FileStatus("\(new)/\(name)") == nil else { throw kind.refuse(old, [name]) }
      try link(name)
    }
    for name in kind.ownFiles(in: old) ?? [] {
      guard let status = FileStatus("\(old)/\(name)"), status.kind == .file else { continue }
      let descriptor = open("\(new)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
      guard descriptor >= 0 else { continue }
      status.pass(to: descriptor)
      close(descriptor)
    }
  }

  private func link(_ name: String) throws(Fault) {
    let source = "\(old)/\(name)"
    do {
      try giveFurtherName("\(new)/\(name)", to: source)
    } catch {
      throw Fault(
        .cannotWrite, "a file in the output folder cannot be kept", file: source, found: describe(error),
        remedy: "move it elsewhere, or name another folder")
    }
  }
}
