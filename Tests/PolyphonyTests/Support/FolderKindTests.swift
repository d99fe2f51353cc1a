import Foundation
import Testing

@testable import PolyphonySupport

/// Files of somebody else in a folder that is written as a whole.
@Suite struct FolderKindTests {
  private static let kind = FolderKind("a note", mark: "note.txt") { _ in ["more.txt"] }

  private func write(_ text: String, to path: String) throws {
    try AtomicFolder.write(to: path, replacing: Self.kind) { (folder) throws(Fault) in
      try AtomicFile.write(text, to: "\(folder)/note.txt")
    }
  }

  private func makeFolder(_ path: String, _ files: [String: String] = [:]) throws {
    for (name, text) in files {
      let file = "\(path)/\(name)"
      try FileManager.default.createDirectory(atPath: file.parentFolder, withIntermediateDirectories: true)
      try text.write(toFile: file, atomically: false, encoding: .utf8)
    }
  }

  @Test func aFolderWithoutTheMarkStays() throws {
    try withTemporaryFolder { root in
      let path = root + "/out"
      try makeFolder(path, ["thesis.tex": "precious"])
      let fault = #expect(throws: Fault.self) { try write("new", to: path) }
      #expect(fault?.kind == .cannotWrite)
      #expect(fault?.found == "thesis.tex")
      #expect(throws: Fault.self) { try AtomicFolder.remove(path, of: Self.kind) }
      #expect(text(of: path + "/thesis.tex") == "precious")
      #expect(try names(in: root) == ["out"])
    }
  }

  @Test func filesOfOthersStayInAReplacedFolder() throws {
    try withTemporaryFolder { root in
      let path = root + "/out"
      try makeFolder(path, ["note.txt": "old", "more.txt": "old", "thesis.tex": "precious", "pictures/a/b": "picture"])
      symlink("nowhere", path + "/link")
      try write("new", to: path)
      #expect(try names(in: path) == ["link", "note.txt", "pictures", "thesis.tex"])
      #expect(text(of: path + "/note.txt") == "new")
      #expect(text(of: path + "/thesis.tex") == "precious")
      #expect(text(of: path + "/pictures/a/b") == "picture")
      #expect(try names(in: root) == ["out"])
      // A folder is removed only if nothing of others goes with it.
      #expect(throws: Fault.self) { try AtomicFolder.remove(path, of: Self.kind) }
      #expect(text(of: path + "/note.txt") == "new")
    }
  }

  @Test func anEmptyFolderIsFilledAndAnOwnOneRemoved() throws {
    try withTemporaryFolder { root in
      let path = root + "/out"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try write("new", to: path)
      #expect(text(of: path + "/note.txt") == "new")
      try AtomicFolder.remove(path, of: Self.kind)
      #expect(try names(in: root).isEmpty)
    }
  }

  @Test func aLinkStaysAndItsFolderIsReplaced() throws {
    try withTemporaryFolder { root in
      try makeFolder(root + "/far", ["note.txt": "old"])
      symlink("far", root + "/out")
      try write("new", to: root + "/out")
      #expect(text(of: root + "/far/note.txt") == "new")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: root + "/out") == "far")
      // The link of a removed folder would lead nowhere, so the folder stays.
      try AtomicFolder.remove(root + "/out", of: Self.kind)
      #expect(try names(in: root + "/far").isEmpty)
      try FileManager.default.removeItem(atPath: root + "/far")
      let fault = #expect(throws: Fault.self) { try write("new", to: root + "/out") }
      #expect(fault?.problem.contains("leads nowhere") == true)
    }
  }

  @Test func permissionsStay() throws {
    try withTemporaryFolder { root in
      let path = root + "/out"
      try write("old", to: path)
      chmod(path + "/note.txt", 0o600)
      chmod(path, 0o700)
      try write("new", to: path)
      #expect(FileStatus(path)?.permissions == 0o700)
      #expect(FileStatus(path + "/note.txt")?.permissions == 0o600)
    }
  }

  @Test func anInputStays() throws {
    try withTemporaryFolder { root in
      let path = root + "/in"
      try write("old", to: path)
      InputFiles.protect(path, Self.kind)
      #expect(throws: Fault.self) { try write("new", to: path) }
      #expect(throws: Fault.self) { try AtomicFile.write("new", to: path + "/note.txt") }
      #expect(throws: Fault.self) { try AtomicFolder.remove(path, of: Self.kind) }
      #expect(text(of: path + "/note.txt") == "old")
    }
  }
}
