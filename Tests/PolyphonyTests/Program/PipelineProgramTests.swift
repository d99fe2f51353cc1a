import Foundation
import Polyphony
import Testing
import Torch

/// Runs `polyphony run` as a user does.
@Suite struct PipelineProgramTests {
  private typealias Fixtures = PipelineFixtures

  private static let command = ["run", "recipe.yaml", "--output", "out"]

  @Test func killedAtAnyMomentItEndsWithTheSameBits() throws {
    try withTemporaryFolder { folder in
      func place(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Fixtures.write(Fixtures.fourLives, in: path)
        return path
      }
      let whole = try place("whole")
      let start = Date()
      try Program.succeed(Self.command, in: whole)
      let duration = Date().timeIntervalSince(start)
      let expected = try Fixtures.outcome(whole + "/out")
      #expect(
        expected.keys.contains("adapter/adapter_model.safetensors") && expected.keys.contains("model/config.json"))
      // Each of five runs is killed at two moments, so that a resumed run is killed too.
      var kills = 0
      for run in 0..<5 {
        let cut = try place("cut-\(run)")
        for attempt in 0..<2 {
          let share = Double(DerivedSeed.of(11, UInt64(run), UInt64(attempt)) >> 11) / Double(1 << 53)
          let killed = try Program.run(Self.command, in: cut) { process in
            Thread.sleep(forTimeInterval: 0.05 + share * duration * (attempt == 0 ? 0.9 : 0.5))
            kill(process.processIdentifier, SIGKILL)
          }
          if killed.code == -SIGKILL { kills += 1 }
        }
        try Program.succeed(Self.command, in: cut)
        let found = try Fixtures.outcome(cut + "/out")
        #expect(found == expected, "run \(run): \(Fixtures.differences(found, expected))")
      }
      #expect(kills >= 5, "most attempts are killed before their end")
      let predict = ["predict", "--model", "out/model", "--adapter", "out/adapter", "--data", "data", "--output", "p"]
      for path in [whole, "\(folder)/cut-0"] { try Program.succeed(predict, in: path) }
      #expect(
        FileManager.default.contents(atPath: whole + "/p") == FileManager.default.contents(atPath: "\(folder)/cut-0/p"))
    }
  }

  /// The run is killed at each system call that replaces files, early and late.
  @Test(arguments: ["makeTemporary", "exchange", "rename", "removeOld"], [3, 17])
  func aKillWhileFilesAreWritten(step: String, occurrence: Int) throws {
    try withTemporaryFolder { folder in
      for name in ["whole", "cut"] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        try Fixtures.write(Fixtures.fourLives, in: "\(folder)/\(name)")
      }
      try Program.succeed(Self.command, in: folder + "/whole")
      let killed = try Program.run(
        Self.command, in: folder + "/cut", environment: ["POLYPHONY_KILL_AT": "\(step):\(occurrence)"])
      #expect(killed.code == -SIGKILL || killed.code == 0, "\(killed.errors)")
      try Program.succeed(Self.command, in: folder + "/cut")
      let (found, expected) = (try Fixtures.outcome(folder + "/cut/out"), try Fixtures.outcome(folder + "/whole/out"))
      #expect(found == expected, "\(Fixtures.differences(found, expected))")
    }
  }

  @Test func whatIsDoneIsNotDoneAgain() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write(Fixtures.fourLives, in: folder)
      let first = try Program.succeed(Self.command + ["--json"], in: folder)
      #expect(Fixtures.stages(first).done == ["cggm", "wander", "prompts", "casp"])
      let before = try contents(of: folder + "/out/stages")
      let second = try Program.succeed(Self.command + ["--json"], in: folder)
      #expect(Fixtures.stages(second).taken == ["cggm", "wander", "prompts", "casp"])
      #expect(Fixtures.stages(second).done.isEmpty && !second.errors.contains("epoch"))
      #expect(second.output == first.output)
      #expect(try contents(of: folder + "/out/stages") == before)
      // A changed key repeats the stages from there on.
      let changed = try Program.succeed(Self.command + ["--set", "stages.2.tune.training.epochs=1"], in: folder)
      #expect(
        Fixtures.stages(changed).taken == ["cggm", "wander"] && Fixtures.stages(changed).done == ["prompts", "casp"])
      // No stage is repeated for another condition of the scores, for the same settings in another spelling, or for
      // data in another folder.
      try FileManager.default.copyItem(atPath: folder + "/data", toPath: folder + "/moved")
      for more in [
        ["--set", "evaluate.shift=drop:2"], ["--set", "data=moved"],
        [
          "--set",
          "stages.0.train={training: {batch_size: 16, epochs: 4}, model: {layers: 1, heads: 2, width: 8}, balance: cggm}",
        ],
      ] {
        let same = try Program.succeed(Self.command + more, in: folder)
        #expect(Fixtures.stages(same).done.isEmpty, "\(more)")
      }
      // Other data repeats the stages.
      try Fixtures.data(folder + "/other", seed: 5)
      let other = try Program.succeed(Self.command + ["--set", "stages.3.adapt.data=other"], in: folder)
      #expect(Fixtures.stages(other).done == ["casp"])
      // A damaged product is made anew, with the same bits.
      let weights = try #require(
        before.keys.first { $0.hasPrefix("tune-wander") && $0.hasSuffix("model.safetensors") && $0.contains("adapter") }
      )
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(folder)/out/stages/\(weights)"))
      let again = try Program.succeed(Self.command, in: folder)
      #expect(Fixtures.stages(again).done == ["wander"] || again.errors.contains("made anew"), "\(again.errors)")
      #expect(FileManager.default.contents(atPath: "\(folder)/out/stages/\(weights)") == before[weights])
    }
  }

  /// Scores that someone changed are not taken over.
  @Test func changedScoresAreMadeAnew() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write("data: data\nstages: [\(Fixtures.train)]\n", in: folder)
      let first = try Program.succeed(Self.command + ["--json"], in: folder)
      let scores = "\(folder)/out/scores"
      let name = try #require(try names(in: scores).first { $0.hasSuffix(".json") })
      let before = try contents(of: scores)
      for change in ["values", nil] {
        if let change {
          let text = try String(contentsOfFile: "\(scores)/\(name)", encoding: .utf8)
          try text.replacingOccurrences(of: "\"\(change)\": [", with: "\"\(change)\": [9").write(
            toFile: "\(scores)/\(name)", atomically: true, encoding: .utf8)
        } else {
          try FileManager.default.removeItem(atPath: "\(scores)/\((name as NSString).deletingPathExtension).sha256")
        }
        let again = try Program.succeed(Self.command + ["--json"], in: folder)
        #expect(again.errors.contains("\(name) is not whole, and the scores are made anew"), "\(again.errors)")
        #expect(try contents(of: scores) == before)
        #expect(Fixtures.stages(again).done.isEmpty)
      }
      #expect(try Program.succeed(Self.command + ["--json"], in: folder).errors.contains("anew") == false)
      #expect(first.output.contains("values"))
    }
  }

  @Test func severalSeedsServeTheOtherCommands() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write(Fixtures.fourLives + "seeds: [2, 5]\n", in: folder)
      let outcome = try Program.succeed(Self.command + ["--json"], in: folder)
      let rows = try ResultsDocument(parsing: outcome.output).results
      #expect(rows.map(\.seeds) == [[2, 5], [2, 5], [2, 5]])
      #expect(rows.map { $0.extra["missing"] } == [nil, .string("sample:0.5"), nil])
      #expect(rows.map { $0.extra["shift"] } == [nil, nil, .string("noise:3")])
      #expect(rows.allSatisfy { $0.name == "cggm → wander → prompts → casp" && $0.split == "test" })
      guard case .number(let seconds)? = rows[0].extra["seconds"] else {
        Issue.record("no seconds")
        return
      }
      #expect(seconds > 0 && rows[0].extra["cost"] != nil)
      let evaluate = ["evaluate", "--model", "out", "--adapter", "out", "--data", "data", "--json"]
      let plain = try ResultsDocument(parsing: try Program.succeed(evaluate, in: folder).output).results[0]
      #expect(plain.seeds == [2, 5] && plain.metrics["mae"] == rows[0].metrics["mae"])
      let missing = try ResultsDocument(
        parsing: try Program.succeed(evaluate + ["--missing", "sample:0.5"], in: folder).output
      ).results[0]
      #expect(missing.metrics["mae"] == rows[1].metrics["mae"] && missing.extra["mask"] == rows[1].extra["mask"])
      let seed = [
        "evaluate", "--model", "out/seed-5/model", "--adapter", "out/seed-5/adapter", "--data", "data", "--shift",
        "noise:3", "--seed", "5", "--json",
      ]
      let shifted = try ResultsDocument(parsing: try Program.succeed(seed, in: folder).output).results[0]
      #expect(shifted.metrics["mae"]?.values[0] == rows[2].metrics["mae"]?.values[1])
      // One more pipeline continues from there, and so do the single commands.
      try Fixtures.write(
        "data: data\nmodel: out\nadapter: out\nseeds: [2, 5]\nstages:\n  - adapt: {method: tent, missing: 'sample:0.5'}\n",
        in: folder)
      let further = try Program.succeed(["run", "recipe.yaml", "--output", "further"], in: folder)
      #expect(Fixtures.stages(further).done == ["tent", "tent"])
      #expect(FileManager.default.fileExists(atPath: folder + "/further/seed-5/adapter/beneath/beneath/beneath"))
      try Program.succeed(
        [
          "tune", "--model", "out", "--adapter", "further", "--data", "data", "--method", "lora,head", "--seed", "5",
          "--output", "tuned", "--set", "training.epochs=1",
        ], in: folder)
      try Program.succeed(
        [
          "adapt", "--model", "out/seed-5/model", "--adapter", "tuned/lora/adapter", "--data", "data", "--method",
          "source,norm", "--output", "adapted",
        ], in: folder)
      try Program.succeed(
        [
          "evaluate", "--model", "out/seed-5/model", "--adapter", "tuned/lora/adapter", "--data", "data", "--shift",
          "noise:3", "--adapt", "tent",
        ], in: folder)
    }
  }

  /// The adaptation succeeds on a split without targets.
  @Test func adaptationReadsNoTargets() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write(Fixtures.fourLives, in: folder)
      try FileManager.default.createDirectory(atPath: folder + "/target", withIntermediateDirectories: true)
      let target = try BrokenData(folder + "/target")
      try target.edit("train") { $0.tensors["target"] = nil }
      let outcome = try Program.succeed(
        Self.command + [
          "--set", "stages.3.adapt.data=target/data", "--set", "stages.3.adapt.split=train",
        ], in: folder)
      #expect(Fixtures.stages(outcome).done.last == "casp")
    }
  }

  @Test func aStageMeetsWhatIsScoredLater() throws {
    try withTemporaryFolder { folder in
      try Fixtures.data(folder + "/data")
      let dataset = try Dataset(folder + "/data")
      let shift = try Shift(named: "noise:3")
      let met = try DataCondition(shift: shift, missing: .sample(0.5)).unlabelled(dataset, "test", seed: 4)
      let scored = try dataset.labelled("test", corruptedBy: shift, seed: 4).samples
      let mask = try MissingProtocol.sample(0.5).mask(for: scored, dataset.description.modalities, seed: 0)
      for (one, other) in zip(met.inputs.modalities, scored.inputs.modalities) { #expect(one.floats == other.floats) }
      #expect(met.inputs.presence?.to(.uint8).array(of: UInt8.self) == mask.presence.array(of: UInt8.self))
    }
  }
}
