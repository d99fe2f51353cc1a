import Foundation
import Testing

@testable import PolyphonySupport
@testable import Torch

@Suite struct AtomicFileTests {
  @Test func makesAndReplaces() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state.json"
      try AtomicFile.write("old", to: path)
      #expect(text(of: path) == "old")
      try AtomicFile.write("new and longer", to: path)
      #expect(text(of: path) == "new and longer")
      #expect(try names(in: folder) == ["state.json"])
    }
  }

  @Test(arguments: [FileStep.makeTemporary, .write, .syncFile, .rename])
  func aFailureLeavesTheOldFileAndNothingElse(step: FileStep) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state.json"
      try AtomicFile.write("old", to: path)
      let fault = #expect(throws: Fault.self) {
        try FileStep.intercept.withValue({ $0 == step ? ENOSPC : 0 }) { try AtomicFile.write("new", to: path) }
      }
      #expect(fault?.kind == .cannotWrite)
      #expect(fault?.file == path)
      #expect(fault?.found == "No space left on device (\(step.rawValue))")
      #expect(fault?.remedy == "free some space, or name a folder on another disk")
      #expect(text(of: path) == "old")
      #expect(try names(in: folder) == ["state.json"])
    }
  }

  /// Errors that network file systems give.
  @Test(arguments: [EIO, ESTALE, EXDEV, EDQUOT], [FileStep.write, .syncFile, .rename])
  func anErrorOfANetworkLeavesTheOldFile(number: Int32, step: FileStep) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state.json"
      try AtomicFile.write("old", to: path)
      let fault = #expect(throws: Fault.self) {
        try FileStep.intercept.withValue({ $0 == step ? number : 0 }) { try AtomicFile.write("new", to: path) }
      }
      #expect(fault?.kind == .cannotWrite && fault?.found == "\(describe(errno: number)) (\(step.rawValue))")
      #expect(text(of: path) == "old")
      #expect(try names(in: folder) == ["state.json"])
    }
  }

  /// What a loss of power may leave: the bytes are flushed before their name, and the name before the writer returns.
  @Test func theBytesAreFlushedBeforeTheirName() throws {
    try withTemporaryFolder { folder in
      let steps = Locked<[FileStep]>([])
      try FileStep.intercept.withValue({ step in
        steps.update { $0.append(step) }
        return 0
      }) { try AtomicFile.write("new", to: folder + "/state.json") }
      #expect(steps.value == [.makeTemporary, .write, .syncFile, .rename, .syncFolder])
    }
  }

  @Test func theErrorOfTheWriterPassesThrough() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Fault(.failure, "no")) {
        try AtomicFile.write(to: folder + "/a") { (output) throws(Fault) in
          try output.write([1, 2, 3])
          throw Fault(.failure, "no")
        }
      }
      let left = try names(in: folder)
      #expect(left.isEmpty)
    }
  }

  @Test func aFolderThatIsNotThereIsAFault() throws {
    try withTemporaryFolder { folder in
      let fault = #expect(throws: Fault.self) { try AtomicFile.write("x", to: folder + "/none/file") }
      #expect(fault?.found == "No such file or directory (makeTemporary)")
    }
  }

  @Test func anAbandonedTemporaryFileGoesWithTheNextWrite() throws {
    try withTemporaryFolder { folder in
      try "half".write(toFile: folder + "/.a.tmp-1-ff", atomically: false, encoding: .utf8)
      try "other".write(toFile: folder + "/.ab.tmp-1-ff", atomically: false, encoding: .utf8)
      try AtomicFile.write("x", to: folder + "/a")
      #expect(try names(in: folder) == [".ab.tmp-1-ff", "a"])
    }
  }

  @Test func aTemporaryFileInUseStays() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(to: folder + "/a") { (output) throws(Fault) in
        try output.write(Array("outer".utf8))
        try AtomicFile.write("inner", to: folder + "/a")
      }
      #expect(text(of: folder + "/a") == "outer")
    }
  }

  @Test(arguments: [("a/b", "a", "b"), ("b", ".", "b"), ("/b", "/", "b"), ("a/b//", "a", "b"), ("/a/b/", "/a", "b")])
  func splitsPaths(path: String, folder: String, name: String) {
    let split = TemporaryName.split(path)
    #expect(split.folder == folder)
    #expect(split.name == name)
  }
}
