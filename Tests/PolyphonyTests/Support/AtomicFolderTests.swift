import Foundation
import Testing

@testable import PolyphonySupport
@testable import Torch

@Suite struct AtomicFolderTests {
  /// A folder of two files that belong together.
  static let pair = FolderKind("a pair", mark: "model") { _ in ["deep"] }

  private func write(_ version: String, to path: String) throws {
    try AtomicFolder.write(to: path, replacing: Self.pair) { (folder) throws(Fault) in
      try AtomicFile.write(version, to: folder + "/model")
      try FileStep.makeTemporary.perform(folder) { mkdir(folder + "/deep", 0o777) }
      try AtomicFile.write(version, to: folder + "/deep/state")
    }
  }

  /// The version of the folder. Nil without a folder, and «torn» for files of different versions.
  private func version(at path: String) -> String? {
    let (model, state) = (text(of: path + "/model"), text(of: path + "/deep/state"))
    return model == state ? model : "torn"
  }

  @Test(arguments: [true, false])
  func makesAndReplaces(canExchange: Bool) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try FileStep.intercept.withValue({ $0 == .exchange && !canExchange ? ENOSYS : 0 }) {
        for expected in ["one", "two", "three"] {
          try write(expected, to: path)
          #expect(version(at: path) == expected)
          #expect(try names(in: folder) == ["checkpoint"])
        }
      }
    }
  }

  /// The test copies the folder at every step, in the state after a `kill -9`, and opens the copy.
  @Test(arguments: [true, false], [true, false])
  func aKillAtAnyInstantLeavesTheOldOrTheNew(canExchange: Bool, replaces: Bool) throws {
    try withTemporaryFolder { root in
      let (folder, killed) = (root + "/run", root + "/killed")
      for path in [folder, killed] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      }
      if replaces { try write("old", to: folder + "/checkpoint") }
      let counter = Counter()
      try FileStep.intercept.withValue({ step in
        try? FileManager.default.copyItem(atPath: folder, toPath: "\(killed)/\(counter.next())")
        return step == .exchange && !canExchange ? ENOSYS : 0
      }) {
        try write("new", to: folder + "/checkpoint")
      }
      var seen: [String?] = []
      for instant in 0..<counter.value {
        let path = "\(killed)/\(instant)/checkpoint"
        try AtomicFolder.recover(path)
        seen.append(version(at: path))
        #expect(try names(in: "\(killed)/\(instant)") == (seen[instant] == nil ? [] : ["checkpoint"]))
      }
      let old = replaces ? "old" : nil
      let switchover = try #require(seen.firstIndex(of: "new"))
      #expect(seen[..<switchover].allSatisfy { $0 == old })
      #expect(seen[switchover...].allSatisfy { $0 == "new" })
      #expect(switchover > 8)
    }
  }

  @Test(arguments: [FileStep.makeTemporary, .write, .syncFile, .exchange, .rename])
  func aFailureLeavesTheOldFolderAndNothingElse(step: FileStep) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try write("old", to: path)
      #expect(throws: Fault.self) {
        try FileStep.intercept.withValue({ $0 == step ? EIO : 0 }) { try write("new", to: path) }
      }
      #expect(version(at: path) == "old")
      #expect(try names(in: folder) == ["checkpoint"])
    }
  }

  /// Errors that network file systems give, with and without an exchange of names.
  @Test(arguments: [EIO, ESTALE, EXDEV, EDQUOT], [FileStep.syncFile, .exchange, .retire])
  func anErrorOfANetworkLeavesTheOldFolder(number: Int32, step: FileStep) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try write("old", to: path)
      let fault = #expect(throws: Fault.self) {
        try FileStep.intercept.withValue({ $0 == step ? number : $0 == .exchange ? ENOSYS : 0 }) {
          try write("new", to: path)
        }
      }
      #expect(fault?.kind == .cannotWrite && fault?.found?.contains(describe(errno: number)) == true)
      #expect(version(at: path) == "old")
      #expect(try names(in: folder) == ["checkpoint"])
    }
  }

  /// What a loss of power may leave: all bytes and names within are flushed before the exchange, and the folder above
  /// before the old folder goes.
  @Test func theWholeFolderIsFlushedBeforeItsName() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try write("old", to: path)
      let steps = Locked<[FileStep]>([])
      try FileStep.intercept.withValue({ step in
        steps.update { $0.append(step) }
        return 0
      }) { try write("new", to: path) }
      let exchange = try #require(steps.value.firstIndex(of: .exchange))
      // Each of two files is opened and flushed. The folder within is flushed, and then the folder itself.
      #expect(
        steps.value[..<exchange].suffix(6).sorted { $0.rawValue < $1.rawValue }
          == [.syncFile, .syncFile, .syncFile, .syncFile, .syncFolder, .syncFolder])
      #expect(steps.value[..<exchange].last == .syncFolder)
      #expect(Array(steps.value[(exchange + 1)...]) == [.syncFolder, .removeOld])
    }
  }

  @Test func aFailureBetweenTheTwoRenamesIsUndone() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try write("old", to: path)
      let renames = Counter()
      #expect(throws: Fault.self) {
        try FileStep.intercept.withValue({ step in
          switch step {
          case .exchange: ENOSYS
          // The first two renames are those of the files within. The third is the folder's.
          case .rename: renames.next() == 2 ? EIO : 0
          default: 0
          }
        }) { try write("new", to: path) }
      }
      #expect(renames.value == 3)
      #expect(version(at: path) == "old")
      #expect(try names(in: folder) == ["checkpoint"])
    }
  }

  @Test func aFileInTheWayIsAFaultAndStays() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try AtomicFile.write("precious", to: path)
      let fault = #expect(throws: Fault.self) { try write("new", to: path) }
      #expect(fault?.problem == "a file stands where a folder is to be written")
      #expect(text(of: path) == "precious")
      #expect(try names(in: folder) == ["checkpoint"])
    }
  }

  @Test func recoveringWhatIsWholeChangesNothing() throws {
    try withTemporaryFolder { folder in
      try AtomicFolder.recover(folder + "/none")
      try write("old", to: folder + "/checkpoint")
      try AtomicFolder.recover(folder + "/checkpoint/")
      #expect(version(at: folder + "/checkpoint") == "old")
      #expect(try names(in: folder) == ["checkpoint"])
    }
  }
}

/// Counts calls. It is safe because the interceptors of the file steps run on the thread of the test.
private final class Counter: @unchecked Sendable {
  private(set) var value = 0
  func next() -> Int {
    defer { value += 1 }
    return value
  }
}
