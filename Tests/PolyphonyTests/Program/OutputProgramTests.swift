import Foundation
import Polyphony
import Testing

@testable import PolyphonySupport

/// The real program and what stands where it writes.
@Suite struct OutputProgramTests {
  /// Runs a script with the program as $P, the data set as $D and the model as $M, in a folder of its own.
  private func shell(_ script: String, in folder: String, _ data: BrokenData) throws -> Program.Outcome {
    try Program.run(
      ["-c", script], in: folder, environment: ["P": Program.path, "D": data.folder, "M": data.model],
      executable: "/bin/sh")
  }

  @Test func predictionsGoThroughPipesAndStandardOutput() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let outcome = try shell(
        """
        predict() { "$P" predict --model "$M" --data "$D" --output "$1"; }
        predict file.csv && mkfifo pipe.csv && ln -s /dev/stdout out.csv || exit 1
        cat pipe.csv > through-pipe & predict pipe.csv || exit 2
        wait
        predict out.csv > through-output || exit 3
        test -p pipe.csv && test -h out.csv && cmp file.csv through-pipe && cmp file.csv through-output
        """, in: folder, data)
      #expect(outcome.code == 0, "\(outcome.errors)\(outcome.output)")
    }
  }

  @Test func aReplacedFileKeepsItsLinkAndItsPermissions() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      try AtomicFile.write("secret", to: folder + "/file.csv")
      chmod(folder + "/file.csv", 0o600)
      symlink("file.csv", folder + "/link.csv")
      try Program.succeed(["predict", "--model", data.model, "--data", data.folder, "--output", folder + "/link.csv"])
      #expect(FileStatus(folder + "/link.csv")?.kind == .link)
      #expect(FileStatus(folder + "/file.csv")?.permissions == 0o600)
      #expect(text(of: folder + "/file.csv")?.hasPrefix("id,prediction") == true)
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs a device that is always full"))
  func aFullDiskBehindStandardOutputIsAnError() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      for words in ["evaluate --model $M --data $D --json", "data validate $D", "--help", "data --help", "--version"] {
        let outcome = try shell("\"$P\" \(words) > /dev/full", in: folder, data)
        #expect(outcome.code == 73, "\(words): \(outcome.errors)")
        #expect(outcome.errors.contains("standard output") && outcome.errors.contains("space"), "\(outcome.errors)")
      }
    }
  }

  @Test func aClosedStandardOutputIsAnError() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let outcome = try shell("\"$P\" data validate \"$D\" >&-", in: folder, data)
      #expect(outcome.code == 73 && outcome.errors.contains("standard output"), "\(outcome.errors)")
    }
  }

  @Test func aReaderThatHasGoneEndsTheProgramQuietly() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let outcome = try shell(
        "{ sleep 0.3; \"$P\" data inspect \"$D\"; echo $? > code; } | true; sleep 0.1; while ! test -s code; do :; done",
        in: folder, data)
      #expect(text(of: folder + "/code") == "141\n")
      #expect(outcome.errors.isEmpty, "\(outcome.errors)")
    }
  }

  @Test func filesOfOthersStayBesideTheProgramsOwn() throws {
    try withTemporaryFolder { folder in
      try Program.succeed(["data", "synthesize", "--samples", "60", "--output", folder + "/set"])
      symlink("set", folder + "/link")
      for name in ["set/notes.txt", "set/more.safetensors"] {
        try AtomicFile.write("precious", to: "\(folder)/\(name)")
      }
      try Program.succeed(["data", "synthesize", "--samples", "80", "--output", folder + "/link"])
      #expect(text(of: folder + "/set/notes.txt") == "precious")
      #expect(text(of: folder + "/set/more.safetensors") == "precious")
      #expect(FileStatus(folder + "/link")?.kind == .link)
      #expect(try Dataset(folder + "/set").unlabelled("train").count > 45)

      let run = ["train", "--data", folder + "/link", "--output", folder + "/run", "--set", "training.epochs=1"]
      try makeFolder(folder + "/run")
      try AtomicFile.write("precious", to: folder + "/run/notes.txt")
      try Program.succeed(run)
      try Program.succeed(run + ["--overwrite"])
      #expect(text(of: folder + "/run/notes.txt") == "precious")
      try AtomicFile.write("precious", to: folder + "/run/model/notes.txt")
      let outcome = try Program.run(run + ["--overwrite"])
      #expect(outcome.code == 73 && outcome.errors.contains("notes.txt"), "\(outcome.errors)")
      #expect(text(of: folder + "/run/model/notes.txt") == "precious")
    }
  }

  @Test func labelsCannotChangeATerminal() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      try data.describe {
        $0.replacingOccurrences(of: #""vision""#, with: #""sight\u001b[2J\u202e""#)
          .replacingOccurrences(of: #""name" : "synthetic"#, with: #""name" : "\u001b]0;title\u0007synthetic"#)
      }
      for split in ["train", "valid", "test"] {
        try data.edit(split) { split in
          for suffix in ["", ".length"] {
            split.tensors["sight\u{1B}[2J\u{202E}\(suffix)"] = split.tensors.removeValue(forKey: "vision\(suffix)")
          }
        }
      }
      let outcome = try Program.succeed(["data", "inspect", data.folder])
      let controls = outcome.output.unicodeScalars.filter { $0.isControl && $0 != "\n" }
      #expect(controls.isEmpty)
      #expect(outcome.output.contains(#"sight\u{1B}[2J\u{202E}"#), "\(outcome.output)")
    }
  }
}
