import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyReports
@testable import PolyphonySupport

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reports show data, calibration and worst answers, and explain the names in their tables.
@Suite struct AnswerReportTests {
  private static let task = PredictionTask(kind: .classification, classes: 2, labels: ["cat", "dog"])

  /// Writes the results of two methods with two seeds, and the description of their data.
  private func write(to folder: String) throws {
    var results: [RunResult] = []
    for (method, scale) in [("joint", 1.0), ("cggm", 2.0)] {
      var row = RunResult(name: method, split: "test")
      for seed in [0, 1] as [UInt64] {
        let logits = Tensor([2, 0, 3, 0, 0, 1, 0, 4, 4, 0].map { Float($0 * scale) }).reshaped(5, 2)
        let summary = AnswerSummary(logits, Tensor([0, 1, 1, 0, 0]), task: Self.task, ids: [10, 11, 12, 13, 14])
        row.add(seed: seed, ["accuracy": 0.6 + 0.1 * Double(seed) * scale], answers: summary)
      }
      results.append(row)
    }
    let rows = results.map { ResultsDocument.Row($0) }
    try ResultsDocument(command: "train", version: "1", results: rows).text().write(
      toFile: "\(folder)/results.json", atomically: true, encoding: .utf8)
    var environment = RunEnvironment(data: [])
    var (training, test) = (SplitSummary(name: "train", samples: 8), SplitSummary(name: "test", samples: 5))
    (training.classes, test.classes, test.constant) = ([6, 2], [5, 0], ["accuracy": 0.6])
    environment.data = [
      .init(folder: "d", name: "pets", hashes: [], labels: ["cat", "dog"], splits: [training, test])
    ]
    try environment.write(to: folder)
  }

  @Test func aClassificationShowsItsAnswers() throws {
    try withTemporaryFolder { folder in
      try Libtorch.load()
      try write(to: folder)
      let page = try ReportTests.body(try Report(folder: folder).html)
      #expect(
        try ReportTests.sections(page) == ["scores", "classes", "calibration", "answers", "data", "reproduction"])
      // The constant answer stands below the methods, without a mark.
      let last = try ReportTests.texts(page, "(//section[@id='scores']//table)[1]/tbody/tr[last()]/*")
      #expect(last.prefix(2) == ["constant answer", "0.600"])
      // Samples 13 and 11 are wrong, and 13 is the more confident mistake.
      let worst = try ReportTests.texts(page, "(//section[@id='answers']//table)[1]/tbody/tr/*[position() < 4]")
      #expect(worst == ["13", "cat", "dog", "11", "dog", "cat"])
      #expect(try ReportTests.texts(page, "//section[@id='answers']").joined().contains("test split, seed 0"))
      // The table of calibration has the error of the summary, in three decimals.
      let row = try #require(
        try ResultsDocument(parsing: String(contentsOfFile: "\(folder)/results.json", encoding: .utf8)).results.first)
      let error = try #require(AnswerSummary.all(row)[0]?.calibration?.error)
      let cells = try ReportTests.texts(page, "//section[@id='calibration']//tbody/tr[1]/*")
      #expect(cells[1].hasPrefix(String(format: "%.3f", error)) && cells[3].hasPrefix("0.600"))
      // Counts are those of both seeds.
      let matrix = try ReportTests.texts(page, "(//section[@id='classes']//table)[1]/tbody/tr/*")
      #expect(matrix == ["cat", "4", "2", "dog", "2", "2"])
    }
  }

  @Test func dataShowSizesBalanceAndAbsentClasses() throws {
    try withTemporaryFolder { folder in
      try Libtorch.load()
      try write(to: folder)
      let page = try ReportTests.body(try Report(folder: folder).html)
      let cells = try ReportTests.texts(page, "//section[@id='data']//tbody/tr/*")
      #expect(
        cells == [
          "samples", "8", "5", "class cat", "6 (75.0 %)", "5 (100.0 %)", "class dog", "2 (25.0 %)", "0 (0.0 %)",
        ])
      let notes = try ReportTests.texts(page, "//section[@id='data']//p").joined()
      #expect(notes.contains("test lacks dog.") && notes.contains("3.0 times"))
      #expect(notes.contains("is cat, the most frequent class of train"))
    }
  }

  @Test func namesAreExplainedWithoutScripts() throws {
    try withTemporaryFolder { folder in
      try ComparisonFixture().write(to: folder)
      let page = try ReportTests.body(try Report(folder: folder).html)
      let terms = try ReportTests.texts(page, "//section[@id='scores']//dl[@class='glossary']/dt")
      #expect(terms == ["zero_fill", "full", "lora", "prompts", "joint", "complete", "sample:R", "noise:S", "drop:S"])
      let titles = try page.nodes(forXPath: "//section[@id='scores']//abbr").compactMap {
        ($0 as? XMLElement)?.attribute(forName: "title")?.stringValue
      }
      #expect(
        titles.contains { $0.contains("with probability R") } && titles.contains { $0.contains("train with joint") })
    }
  }

  @Test func everyNameOfTheProgramHasAMeaning() throws {
    // Other tests register methods in this process. The program's help has those that come along.
    for command in ["train", "tune", "adapt"] {
      let help = try Program.succeed([command, "--help"]).output.split(whereSeparator: \.isWhitespace)
        .joined(separator: " ")
      let list = try #require(help.firstMatch(of: #/separated by commas: ([^.]*)\./#)).output.1
      let names = list.split(separator: ", ").map(String.init)
      #expect(names.count > 10)
      for name in names { #expect(Meanings.method(name) != nil, "\(name)") }
    }
    for kind in Shift.Kind.allCases { #expect(Meanings.shift("\(kind.rawValue):2") != nil) }
    for rule in ["sample:0.1", "modality:0.1", "token:0.1", "fixed:a+b", "complete"] {
      #expect(Meanings.missing(rule) != nil)
    }
  }

  @Test func drawingsAndTablesHaveNames() throws {
    try withTemporaryFolder { folder in
      try ComparisonFixture().write(to: folder)
      let page = try ReportTests.body(try Report(folder: folder).html)
      let named = try page.nodes(forXPath: "//*[local-name()='svg' or @role='region']")
      #expect(named.count > 28)
      let nameless = try page.nodes(
        forXPath: "//*[local-name()='svg' or @role='region'][not(string-length(@aria-label) > 0)]")
      #expect(nameless.isEmpty, "\(nameless.map { $0.xmlString.prefix(200) })")
      #expect(try page.nodes(forXPath: "//th[not(@scope)]").isEmpty)
    }
  }

  @Test func wideTablesKeepAllColumns() throws {
    try withTemporaryFolder { folder in
      var fixture = ComparisonFixture()
      fixture.methods = (0..<14).map { ("method_\($0)", 0.01 * Double($0), 100) }
      try fixture.write(to: folder)
      let page = try ReportTests.body(try Report(folder: folder).html)
      let table = "(//section[@id='scores']//table)[1]"
      #expect(try page.nodes(forXPath: "\(table)/thead/tr/th").count == 15)
      // A telephone shows a few columns and a switch; a wide screen has a hint.
      let far = try page.nodes(forXPath: "\(table)/thead/tr/th[contains(@class, 'far')]").count
      #expect((10...13).contains(far))
      #expect(
        try ReportTests.texts(page, "//section[@id='scores']//details[@class='all']/summary").first == "All 15 columns")
      #expect(try page.nodes(forXPath: "//section[@id='scores']//p[contains(@class, 'hint')]").count >= 1)
    }
  }

  @Test func shiftsWithoutADrawingHaveNoSection() throws {
    try withTemporaryFolder { folder in
      var fixture = ComparisonFixture()
      (fixture.shifts, fixture.data) = (["drop:4"], ["one"])
      try fixture.write(to: folder)
      #expect(try !ReportTests.sections(try ReportTests.body(try Report(folder: folder).html)).contains("shifts"))
    }
  }

  @Test func anAdaptationHasALineForEachLossAndATrainingItsChoice() throws {
    try withTemporaryFolder { folder in
      let lines = [(1, "contrast", 2.8), (2, "contrast", 2.7), (3, "pseudo", 0.02), (4, "pseudo", 0.01)].map {
        #"{"epoch": \#($0), "step": \#($0), "split": "\#($1)", "adapt/loss": \#($2)}"# + "\n"
      }
      try lines.joined().write(toFile: "\(folder)/metrics.jsonl", atomically: true, encoding: .utf8)
      let adapted = try ReportTests.body(try Report(folder: folder).html)
      let captions = try ReportTests.texts(adapted, "//section[@id='learning']//figcaption")
      #expect(captions == ["Adaptation loss, contrastive stage", "Adaptation loss, stage of pseudo-labels"])

      let epochs = (1...3).map { #"{"epoch": \#($0), "step": \#($0), "split": "epoch", "valid/accuracy": 0.5}"# + "\n" }
      try epochs.joined().write(toFile: "\(folder)/metrics.jsonl", atomically: true, encoding: .utf8)
      try FileManager.default.createDirectory(atPath: "\(folder)/checkpoint", withIntermediateDirectories: true)
      try #"{"bestEpoch": 2}"#.write(toFile: "\(folder)/checkpoint/state.json", atomically: true, encoding: .utf8)
      let trained = try ReportTests.body(try Report(folder: folder).html)
      #expect(try trained.nodes(forXPath: "//*[local-name()='circle'][@class='ring']").count == 1)
    }
  }
}
