import Foundation
import Testing
import Torch

/// The program finds its libraries from wherever and however it is started.
@Suite struct StartTests {
  /// What a user's shell has where nobody chose a libtorch.
  private static let plain: [String: String?] = ["LIBTORCH": nil]

  private static let folder = (Program.path as NSString).deletingLastPathComponent

  private func expectHealth(_ outcome: Program.Outcome) {
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("nothing is wrong"))
  }

  @Test func throughThePath() throws {
    // `env` searches PATH as a shell does, and hands the bare name on as argv[0].
    let environment = Self.plain.merging(["PATH": Self.folder]) { $1 }
    expectHealth(
      try Program.run(["polyphony", "doctor"], in: "/", environment: environment, executable: "/usr/bin/env"))
  }

  @Test func throughAPathThatIsRelative() throws {
    let parts = Self.folder.split(separator: "/").map(String.init)
    let environment = Self.plain.merging(["PATH": parts.suffix(2).joined(separator: "/")]) { $1 }
    expectHealth(
      try Program.run(
        ["polyphony", "doctor"], in: "/" + parts.dropLast(2).joined(separator: "/"), environment: environment,
        executable: "/usr/bin/env"))
  }

  @Test func throughALink() throws {
    try withTemporaryFolder { folder in
      let link = folder + "/music"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Program.path)
      expectHealth(try Program.run(["doctor"], in: "/", environment: Self.plain, executable: link))
      // The link's folder is on PATH, and the link has a name of its own.
      let environment = Self.plain.merging(["PATH": folder]) { $1 }
      expectHealth(try Program.run(["music", "doctor"], in: "/", environment: environment, executable: "/usr/bin/env"))
    }
  }

  @Test func fromAnotherFolder() throws {
    try withTemporaryFolder { folder in
      expectHealth(try Program.run(["doctor"], in: folder, environment: Self.plain))
    }
  }

  /// The runner of these tests is a client's executable, beside which SwiftPM laid the libraries.
  @Test func insideAClient() throws {
    #expect(Libtorch.programFolder == URL(fileURLWithPath: Self.folder).resolvingSymlinksInPath().path)
    try Libtorch.load()
  }
}
