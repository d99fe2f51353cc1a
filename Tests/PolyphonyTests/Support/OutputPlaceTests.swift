import Foundation
import Testing

@testable import PolyphonySupport

/// What stands at the path of an output file decides how the file is written.
@Suite struct OutputPlaceTests {
  @Test func aReplacedFileKeepsItsPermissions() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/secret"
      for permissions: mode_t in [0o600, 0o644, 0o777] {
        try AtomicFile.write("old", to: path)
        chmod(path, permissions)
        try AtomicFile.write(to: path) { (output) throws(Fault) in
          let temporary = try? names(in: folder).first { $0.hasPrefix(".secret.tmp-") }
          #expect(temporary.flatMap { FileStatus("\(folder)/\($0)") }?.permissions == permissions)
          try output.write([1])
        }
        #expect(FileStatus(path)?.permissions == permissions)
      }
    }
  }

  @Test func aLinkStaysAndItsFileIsReplaced() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/far", withIntermediateDirectories: true)
      try AtomicFile.write("old", to: folder + "/far/file")
      symlink("far/file", folder + "/near")
      symlink(folder + "/near", folder + "/nearer")
      try AtomicFile.write("new", to: folder + "/nearer")
      #expect(text(of: folder + "/far/file") == "new")
      #expect(FileStatus(folder + "/near")?.kind == .link && FileStatus(folder + "/nearer")?.kind == .link)
      #expect(try names(in: folder + "/far") == ["file"])
    }
  }

  @Test func aLinkThatLeadsNowhereIsRefused() throws {
    try withTemporaryFolder { folder in
      symlink("none", folder + "/link")
      symlink("circle", folder + "/circle")
      for name in ["link", "circle"] {
        #expect(throws: Fault.self) { try AtomicFile.write("new", to: "\(folder)/\(name)") }
      }
      let left = try names(in: folder)
      #expect(left == ["circle", "link"])
    }
  }

  @Test func aPipeTakesTheBytes() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/pipe"
      try #require(mkfifo(path, 0o600) == 0)
      // The reader is there first, so the writer does not wait.
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      try AtomicFile.write("through", to: path)
      var bytes = [UInt8](repeating: 0, count: 32)
      let count = read(reader, &bytes, bytes.count)
      #expect(String(decoding: bytes[..<max(0, count)], as: UTF8.self) == "through")
      #expect(FileStatus(path)?.kind == .pipe)
      #expect(try names(in: folder) == ["pipe"])
    }
  }

  @Test func aDescriptorTakesTheBytesWhereItStands() throws {
    try withTemporaryFolder { folder in
      let descriptor = open(folder + "/file", O_WRONLY | O_CREAT, 0o600)
      defer { close(descriptor) }
      _ = write(descriptor, "one ", 4)
      try AtomicFile.write("two", to: "/dev/fd/\(descriptor)")
      symlink("/dev/fd/\(descriptor)", folder + "/link")
      try AtomicFile.write(" three", to: folder + "/link")
      #expect(text(of: folder + "/file") == "one two three")
      #expect(try names(in: folder) == ["file", "link"])
      #expect(throws: Fault.self) { try AtomicFile.write("x", to: "/dev/fd/999999") }
    }
  }

  #if os(Linux)
    /// The device is the null device under a name of its own, since a failing test must not replace the system's.
    @Test func aCharacterDeviceStays() throws {
      try withTemporaryFolder { folder in
        let path = folder + "/null"
        guard mknod(path, S_IFCHR | 0o600, 0x103) == 0, let device = fopen(path, "w") else { return }
        fclose(device)
        try AtomicFile.write("nothing", to: path)
        #expect(FileStatus(path)?.kind == .characterDevice)
        #expect(try names(in: folder) == ["null"])
      }
    }
  #endif

  @Test func allElseIsRefusedAndStays() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/folder", withIntermediateDirectories: true)
      let fault = #expect(throws: Fault.self) { try AtomicFile.write("x", to: folder + "/folder") }
      #expect(fault?.kind == .cannotWrite)
      #expect(fault?.found == "a folder")
      for path in ["", folder + "/new/", "."] {
        #expect(throws: Fault.self) { try AtomicFile.write("x", to: path) }
        #expect(throws: Fault.self) { try AtomicFile.check(path) }
      }
      #expect(try names(in: folder) == ["folder"])
    }
  }

  @Test func aFolderBelowAFileHasTheSystemsWords() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write("x", to: folder + "/file")
      let below = #expect(throws: Fault.self) { try makeFolder(folder + "/file/a/b") }
      #expect(below?.found == "Not a directory")
      let same = #expect(throws: Fault.self) { try makeFolder(folder + "/file") }
      #expect(same?.found == "a file of this name")
      try makeFolder(folder + "/a/b/c")
      try makeFolder(folder + "/a/b/c")
      #expect(try names(in: folder + "/a/b") == ["c"])
    }
  }
}
