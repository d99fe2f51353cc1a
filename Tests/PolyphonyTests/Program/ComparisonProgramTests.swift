import Foundation
import Polyphony
import Testing
import Torch

/// Runs `polyphony compare` as a user does.
@Suite struct ComparisonProgramTests {
  private typealias Fixtures = PipelineFixtures

  private static let recipe = """
    data: {first: data, second: other}
    seeds: 2
    metric: corr
    methods:
      plain: [\(Fixtures.train)]
      tuned:
        - \(Fixtures.train)
        - \(Fixtures.wander)
      full:
        stages:
          - \(Fixtures.train)
          - \(Fixtures.wander)
          - \(Fixtures.prompts)
    evaluate: {missing: ["sample:0.3", "sample:0.6"], shift: ["drop:2"]}

    """

  @Test func methodsSharePrefixesAndLeaveAnIndex() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write(Self.recipe, in: folder)
      try Fixtures.data(folder + "/other", seed: 3)
      let outcome = try Program.succeed(["compare", "recipe.yaml", "--output", "out", "--json"], in: folder)
      let document = try ResultsDocument(parsing: outcome.output)
      #expect(
        try ResultsDocument(parsing: String(contentsOfFile: folder + "/out/results.json", encoding: .utf8)) == document)
      let rows = document.results
      #expect(document.command == "compare" && rows.count == 2 * 3 * 4)
      #expect(rows.prefix(12).allSatisfy { $0.extra["data"] == .string("first") })
      #expect(rows.prefix(4).map { $0.extra["missing"] } == [nil, .string("sample:0.3"), .string("sample:0.6"), nil])
      #expect(rows[3].extra["shift"] == .string("drop:2") && rows[15].extra["shift"] == .string("drop:2"))
      #expect(rows.allSatisfy { $0.seeds == [0, 1] && $0.metrics["mae"]?.values.count == 2 && $0.parameters != nil })
      #expect(rows.map(\.name).filter { $0 == "full" }.count == 8)
      // The row of the trained model counts all parameters as trained, that of the tuned one only a few.
      let plain = try #require(rows[0].parameters), tuned = try #require(rows[4].parameters)
      #expect(plain.trainable == plain.total && tuned.trainable < plain.total && tuned.total > plain.total)

      let index = try ComparisonIndex(folder: folder + "/out")
      #expect(index.reference == "plain" && index.metric == "corr" && index.runs.count == 2 * 3 * 2)
      let last = try #require(index.runs.last)
      #expect(last.data == "second" && last.method == "full" && last.seed == 1)
      #expect(
        last.stages.map(\.kind) == ["train", "tune", "tune"]
          && last.stages.map(\.method) == ["cggm", "wander", "prompts"])
      for stage in index.runs.flatMap(\.stages) {
        for name in ["metrics.jsonl", "recipe.yaml", "stage.json"] {
          #expect(FileManager.default.fileExists(atPath: "\(folder)/out/\(stage.folder)/\(name)"))
        }
      }
      // Each data set and seed has three stages, because the methods share their first ones.
      let stages = try FileManager.default.contentsOfDirectory(atPath: folder + "/out/stages")
      #expect(stages.count == 3 * 2 * 2 && Set(index.runs.flatMap(\.stages).map(\.folder)).count == stages.count)
      // `run` draws the same shifts for a seed. So a method alone has the same scores.
      try Fixtures.write(
        "data: data\nseeds: 2\nstages:\n  - \(Fixtures.train)\n  - \(Fixtures.wander)\nevaluate: {shift: 'drop:2'}\n",
        in: folder)
      let alone = try Program.succeed(["run", "recipe.yaml", "--output", "alone", "--json"], in: folder)
      let scores = try ResultsDocument(parsing: alone.output).results
      #expect(scores[0].metrics == rows[4].metrics && scores[1].metrics == rows[7].metrics)
      let table = try Program.succeed(
        ["compare", "recipe.yaml", "--output", "out", "--set", "stages=null"], in: folder, expecting: 64)
      #expect(table.errors.contains("methods"))
    }
  }
}

extension Program {
  /// Runs the program, and expects an exit code.
  @discardableResult
  static func succeed(_ arguments: [String], in current: String, expecting code: Int32) throws -> Outcome {
    let outcome = try run(arguments, in: current)
    #expect(outcome.code == code, "\(outcome.errors)")
    return outcome
  }
}
