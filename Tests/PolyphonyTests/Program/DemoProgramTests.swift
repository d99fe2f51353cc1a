import Foundation
import Polyphony
import Testing
import Torch

/// Runs `polyphony demo` as a user does, with models too small for good scores.
@Suite struct DemoProgramTests {
  private static let small: [String] = {
    var settings: [String] = []
    for method in ["joint", "cggm-teaching", "full", "lora", "zero_fill", "prompts", "casp"] {
      settings += ["\(method).0.train.model={width: 8, heads: 2, layers: 1}", "\(method).0.train.training.epochs=1"]
    }
    settings += ["full", "lora", "prompts"].map { "\($0).1.tune.training.epochs=1" }
    settings += [
      "zero_fill.1.tune.training={epochs: 1}", "prompts.1.tune.tuning={length: 2}",
      "casp.1.adapt.adaptation={contrast_epochs: 2, snapshot_interval: 1, pseudo_epochs: 1}",
    ]
    return settings.flatMap { ["--set", "methods.\($0)"] }
      + ["--set", "evaluate.missing=sample:0.5", "--set", "contrasts.balanced.missing=sample:0.5"]
      + ["--set", "contrasts.prompted.missing=sample:0.5"]
  }()

  @Test func fourLivesEndWithTheReport() throws {
    try withTemporaryFolder { folder in
      // The output folder may have a name of one letter.
      let command = ["demo", "--output", "o"] + Self.small
      let outcome = try Program.succeed(command + ["--seeds", "1"], in: folder)
      var lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.last == "o/report.html")
      #expect(lines.contains("One seed: no difference can be tested."))
      var table = Self.table(lines)
      #expect(table.map { $0.prefix { $0.isLetter } } == ["balanced", "tuned", "prompted", "adapted"])
      #expect(table.allSatisfy { $0.hasSuffix("one seed, not tested") })
      let page = try String(contentsOfFile: folder + "/o/report.html", encoding: .utf8)
      #expect(page.contains("What was asked") && page.contains("one seed, not tested"))

      // A second seed continues the same folder. Its figures equal those of results.json.
      let second = try Program.succeed(command + ["--seeds", "2"], in: folder)
      let stages = Fixtures.stages(second)
      #expect(stages.taken.contains("cggm-teaching") && stages.done.contains("cggm-teaching"))
      lines = second.output.split(separator: "\n").map(String.init)
      table = Self.table(lines)
      let document = try ResultsDocument(parsing: String(contentsOfFile: folder + "/o/results.json", encoding: .utf8))
      let index = try ComparisonIndex(folder: folder + "/o")
      #expect(index.contrasts.map(\.name) == ["balanced", "tuned", "prompted", "adapted"])
      let findings = ContrastFinding.all(index.contrasts, document.results, metric: "accuracy")
      for (line, finding) in zip(table, findings) {
        let mean = String(format: "%.3f", finding.after.mean ?? -1)
        #expect(line.contains(mean) && line.hasSuffix(finding.verdict.text) && finding.test.seeds == [0, 1])
      }
      #expect(!lines.contains { $0.contains("no difference can be tested") })
      #expect(try #require(findings[1].parameters).trainable < 500)
    }
  }

  /// The rows of the table, between its line and the first note.
  private static func table(_ lines: [String]) -> [String] {
    Array(lines.drop { !$0.hasPrefix("---") && !$0.hasPrefix("───") }.dropFirst().prefix(4))
  }

  private typealias Fixtures = PipelineFixtures

  @Test func aTuneStageMeetsFewAndCorruptedSamples() throws {
    try withTemporaryFolder { folder in
      try Fixtures.data(folder + "/data")
      try Program.succeed(
        ["data", "corrupt", "--data", "data", "--shift", "noise:3", "--modality", "text", "--output", "noisy"],
        in: folder)
      func recipe(_ keys: String) -> String {
        """
        data: data
        stages:
          - \(Fixtures.train)
          - tune: {method: lora, training: {epochs: 2, batch_size: 16}, \(keys)}

        """
      }
      func weights(_ keys: String, _ output: String) throws -> Data {
        try Fixtures.write(recipe(keys), in: folder)
        try Program.succeed(["run", "recipe.yaml", "--output", output], in: folder)
        return try #require(
          FileManager.default.contents(atPath: "\(folder)/\(output)/adapter/adapter_model.safetensors"))
      }
      let plain = try weights("samples: 100000", "plain")
      let own = try weights("corrupt: 'noise:3', modalities: text", "own")
      #expect(try weights("data: noisy", "other") == own && plain != own)
      #expect(try weights("samples: 20", "few") != plain)
      let dataset = try Dataset(folder + "/data")
      func drawn(_ seed: UInt64) throws -> [Float] {
        try dataset.labelled("train").few(20, of: dataset.description.task, seed: seed).target.floats
      }
      let (few, again, others) = (try drawn(0), try drawn(0), try drawn(1))
      #expect(few.count == 20 && again == few && others != few)
    }
  }
}
