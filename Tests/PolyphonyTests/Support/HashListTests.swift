import Foundation
import Testing

@testable import PolyphonySupport

/// A list of hashes finds every change of its files, and is what `sha256sum` writes.
@Suite struct HashListTests {
  @Test func changesAreFound() throws {
    try withTemporaryFolder { folder in
      for name in ["b", "a"] { try AtomicFile.write("abc", to: "\(folder)/\(name)") }
      try HashList.write(of: ["b", "a"], in: folder)
      // The hash of «abc» is the example of FIPS 180-4.
      let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      #expect(text(of: "\(folder)/SHA256SUMS") == "\(hash)  a\n\(hash)  b\n")
      try HashList.check(in: folder)
      try AtomicFile.write("abd", to: "\(folder)/b")
      let changed = #expect(throws: Fault.self) { try HashList.check(in: folder) }
      #expect(changed?.kind == .badData && changed?.file == "\(folder)/b" && changed?.expected == hash)
      try FileManager.default.removeItem(atPath: "\(folder)/b")
      #expect(throws: Fault.self) { try HashList.check(in: folder) }
    }
  }

  @Test(arguments: ["", "\n", "\u{0}\u{FF}", "abc", "abc  ../a", "abc  /etc/passwd", "abc  .."])
  func aDamagedListIsRefused(list: String) throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(list, to: "\(folder)/SHA256SUMS")
      let fault = #expect(throws: Fault.self) { try HashList.check(in: folder) }
      #expect(fault?.kind == .badData && fault?.file == "\(folder)/SHA256SUMS")
    }
  }
}
