import Foundation
import Polyphony
import Testing
import Torch

/// A disk becomes full during a run. After some space is made, the run resumes to the same bits.
@Suite(.enabled(if: FullDisk.isAvailable, "needs Linux's unshare and mount, as root or with user name spaces"))
struct FullDiskTortureTests {
  @Test(arguments: 0..<Torture.disks) func aFullDiskThenSpace(trial: Int) throws {
    try withTemporaryFolder { folder in
      let arguments = ["train", "--data", try ResumeTests.dataset(folder)] + ResumeTests.settings
      try Program.succeed(arguments + ["--output", "\(folder)/whole"])
      let expected = try files(folder + "/whole")
      // Around the size of all that the run writes, so that the disk is full early, late, or never.
      let written = expected.values.map(\.count).reduce(0, +)
      let bytes = Int(Double(written) * (0.1 + 1.2 * Torture.share(9, trial)))
      let words = ([Program.path] + arguments + ["--output", "DISK/run"]).map { "\"\($0)\"" }.joined(separator: " ")
      let script = """
        \(words) || [ $? = 73 ] || exit 1; mount -o remount,size=100m "DISK" && \(words) --resume; \
        code=$?; cp -r "DISK/run" "\(folder)/copy"; exit $code
        """
      let outcome = try FullDisk.run(["sh", "-c", script], bytes: bytes)
      // A run that the full disk did not stop has all its results already.
      #expect(outcome.code == 0, "\(bytes) bytes: \(outcome.errors)")
      let found = try files(folder + "/copy")
      #expect(found == expected, "\(bytes) bytes: \(PipelineFixtures.differences(found, expected))")
    }
  }

  /// The files of a run without those that name its folder, which differs.
  private func files(_ folder: String) throws -> [String: Data] {
    try ResumeTests.outcome(folder).filter { !["results.json", "environment.json"].contains($0.key) }
  }
}
