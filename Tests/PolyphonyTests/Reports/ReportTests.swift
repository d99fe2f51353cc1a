import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyReports
@testable import PolyphonySupport

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reports have the numbers of the files, in markup that no name can break.
@Suite struct ReportTests {
  /// Parses a page as XML. The page is well-formed except for its head, whose open elements this function closes.
  static func body(_ html: String) throws -> XMLDocument {
    let start = try #require(html.range(of: "<body>")), end = try #require(html.range(of: "</body>"))
    return try XMLDocument(xmlString: String(html[start.lowerBound..<end.upperBound]))
  }

  static func texts(_ page: XMLDocument, _ path: String) throws -> [String] {
    try page.nodes(forXPath: path).compactMap(\.stringValue)
  }

  static func sections(_ page: XMLDocument) throws -> [String] {
    try page.nodes(forXPath: "//section").compactMap { ($0 as? XMLElement)?.attribute(forName: "id")?.stringValue }
  }

  @Test func aComparisonShowsEverything() throws {
    try withTemporaryFolder { folder in
      try ComparisonFixture().write(to: folder)
      let path = try Report.write(folder: folder)
      #expect(path == "\(folder)/report.html")
      let html = try String(contentsOfFile: path, encoding: .utf8)
      let page = try Self.body(html)
      #expect(
        try Self.sections(page) == [
          "scores", "learning", "modalities", "missing", "shifts", "cost", "reproduction",
        ])
      #expect(try Self.texts(page, "//h1") == ["Comparison of 4 methods on mosi and numerals"])
      let summary = try Self.texts(page, "//header").joined()
      #expect(
        summary.contains(
          "compares zero_fill, full, lora and prompts on mosi and numerals, each with the seeds 0–4, under 9"))
      #expect(summary.contains("mosi, mean over the 9 conditions: best is prompts with accuracy 0.8"))
      #expect(summary.contains("prompts is best in 18 of 18 cases"))
      // Two data sets × nine conditions × three methods beside the reference make 54.
      #expect(html.contains("over the 54 comparisons"))
      // There are tables for each metric, for differences, and for the modalities of each data set.
      #expect(try page.nodes(forXPath: "//section[@id='scores']//table").count == 3)
      #expect(try page.nodes(forXPath: "//section[@id='modalities']//table").count == 2)
      // Each of the two data sets has a line chart and four maps.
      #expect(try page.nodes(forXPath: "//section[@id='shifts']//figure").count == 10)
      #expect(try page.nodes(forXPath: "//section[@id='cost']//figure").count == 4)
      // Each of the two data sets has the shared training and the tuning.
      #expect(try page.nodes(forXPath: "//section[@id='learning']//h3").count == 4)
      let drawings = try page.nodes(forXPath: "//*[local-name()='svg']")
      #expect(drawings.count == 28)
      for drawing in drawings { #expect(try drawing.nodes(forXPath: ".//*[local-name()='text']").count > 2) }
      #expect(!html.contains("nan") && !html.contains("Optional"))
    }
  }

  @Test func theNumbersAreThoseOfTheResults() throws {
    try withTemporaryFolder { folder in
      try TableTests.plain.text().write(toFile: "\(folder)/results.json", atomically: true, encoding: .utf8)
      let page = try Self.body(try Report(folder: folder).html)
      #expect(try Self.sections(page) == ["scores", "reproduction"])
      let cells = try Self.texts(page, "//section[@id='scores']//tbody/tr[2]/*")
      #expect(cells == ["new", "0.700 ± 0.082", "−0.200 ± 0.058", "0.074", "1\u{202F}500", "75.0 %"])
      #expect(try Self.texts(page, "//b") == ["0.700 ± 0.082"])
      let summary = try Self.texts(page, "//header").joined()
      #expect(summary.contains("Best is new with mae 0.700 ± 0.082 (lower is better)"))
      #expect(summary.contains("not significant with 3 seeds (p = 0.074 after correction for 1 comparison)"))

      let turned = try Report(folder: folder, reference: "new")
      #expect(turned.html.contains("The reference, new, is itself the best"))
      #expect(throws: Fault.self) { try Report(folder: folder, metric: "accuracy") }
    }
  }

  @Test func anEvaluationShowsItsClasses() throws {
    try withTemporaryFolder { folder in
      let confusion = ConfusionMatrix(counts: [3, 1, 0, 2], classes: 2)
      var row = ResultsDocument.Row(
        name: "model", split: "test", seeds: [0], metrics: ["accuracy": Aggregate([5.0 / 6])])
      for (key, value) in ClassReport(confusion, labels: ["<b>yes", "no"]).members { row.extra[key] = value }
      try ResultsDocument(command: "evaluate", version: "1", results: [row]).text().write(
        toFile: "\(folder)/results.json", atomically: true, encoding: .utf8)
      let page = try Self.body(try Report(folder: folder).html)
      #expect(try Self.sections(page).contains("classes"))
      let cells = try Self.texts(page, "//section[@id='classes']//tbody/tr/*")
      let expected: [String] = [
        "<b>yes", "3", "1", "no", "0", "2", "<b>yes", "4", "1.000", "0.750", "0.857", "no", "2", "0.667", "1.000",
        "0.800",
      ]
      #expect(cells == expected)
      let notes = try Self.texts(page, "//section[@id='classes']").joined()
      #expect(notes.contains("0.833 of the 6 answers") && notes.contains("is right for 0.667"))
    }
  }

  @Test func namesAreTextsEverywhere() throws {
    try withTemporaryFolder { folder in
      var fixture = ComparisonFixture()
      let bad = "<script>alert('x')</script>\"><img src=x onerror=y> & 🎻 \u{0}"
      fixture.data = [bad + "data", "b"]
      fixture.methods = fixture.methods.enumerated().map { index, method in
        (
          index == 1 ? bad : index == 2 ? String(repeating: "very long name ", count: 30) : method.name, method.gain,
          method.trained
        )
      }
      fixture.modalities = [bad, String(repeating: "x", count: 300)]
      fixture.metric = "</style><b>metric"
      try fixture.write(to: folder)
      try (bad + "\n</pre><script>").write(toFile: "\(folder)/recipe.yaml", atomically: true, encoding: .utf8)
      var environment = RunEnvironment(data: [])
      environment.command = ["polyphony", bad]
      environment.data = [.init(folder: bad, name: bad, hashes: [(bad, bad)])]
      try environment.write(to: folder)
      let html = try Report(folder: folder).html
      #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("</style><b>"))
      #expect(html.components(separatedBy: "</style>").count == 2)
      let page = try Self.body(html)
      #expect(try Self.texts(page, "//th").contains { $0.contains("<script>alert('x')</script>") })
      #expect(try Self.texts(page, "//pre").contains { $0.contains("</pre><script>") })
    }
  }

  @Test func theFoldersOfRunsAreUnderstood() throws {
    try withTemporaryFolder { folder in
      func log(_ path: String, _ lines: String) throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
        try lines.write(toFile: "\(folder)/\(path)/metrics.jsonl", atomically: true, encoding: .utf8)
      }
      let line = #"{"epoch": 1, "step": 4, "split": "epoch", "train/loss": 1.5, "valid/accuracy": null}"# + "\n"
      try log("b/seed-0", line + #"{"epoch": 2, "st"#)
      try log("b/seed-10", line)
      try log("b/seed-9", line)
      try log("a/seed-0", line)
      try log("model", "")
      let source = try ReportSource(folder)
      #expect(source.stages.map(\.folder) == ["a/seed-0", "b/seed-0", "b/seed-9", "b/seed-10", "model"])
      #expect(source.stages.map(\.seed) == [0, 0, 9, 10, nil])
      #expect(source.stages[1].records.unreadable == 1)
      // The report of a run without results shows its curves.
      let page = try Self.body(try Report(folder: folder).html)
      #expect(try Self.sections(page) == ["learning"])
      #expect(try Self.texts(page, "//section").joined().contains("1 line of the logs could not be read"))
    }
  }

  @Test func curvesAreOverEpochsOrSteps() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/metrics.jsonl"
      let lines = [(1, 10, "0.5"), (1, 20, "null"), (1, 30, "0.25")]
        .map { #"{"epoch": \#($0), "step": \#($1), "split": "s", "x/loss": \#($2)}"# + "\n" }
      try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
      let stream = ReportRecords(path: path)
      #expect(stream.curve("x/loss").map(\.x) == [10, 20, 30] && stream.curve("x/loss").map(\.y) == [0.5, nil, 0.25])
      try lines[0].write(toFile: path, atomically: true, encoding: .utf8)
      #expect(ReportRecords(path: path).curve("x/loss").map(\.x) == [1])
      #expect(ReportRecords(path: "\(folder)/none").records.isEmpty)
    }
  }

  @Test func surroundingsAreReadBack() throws {
    try withTemporaryFolder { folder in
      try Libtorch.load()
      var environment = RunEnvironment(data: ["\(folder)/none"])
      #expect(environment.data.isEmpty && environment.facts.contains { $0.name == "libtorch" })
      environment.data = [.init(folder: "d", name: "n", hashes: [("test", "00ff")])]
      try environment.write(to: folder)
      #expect(RunEnvironment(folder: folder) == environment)
      #expect(RunEnvironment(folder: "\(folder)/none") == nil)
    }
  }

  @Test(arguments: [
    (#"[1]"#, "an object"), (#"{"runs": 3}"#, "a list"), (#"{"runs": [{"data": "a"}]}"#, "an integer"),
    (#"{"runs": [{"data": "a", "method": "m", "seed": 0, "stages": [{"kind": "train"}]}]}"#, "a string"),
    (
      #"{"runs": [{"data": "a", "method": "m", "seed": 0, "stages": [{"kind": "t", "method": "m", "folder": "../x"}]}]}"#,
      "below"
    ), (#"{"runs": [{"data": "a", "method": "m", "seed": -1, "stages": []}]}"#, "0 or more"),
    (#"{"runs": "#, "value"),
  ])
  func brokenDescriptionsAreFaults(text: String, expected: String) throws {
    do {
      _ = try ComparisonIndex(parsing: text, file: "comparison.json")
      Issue.record("it was read")
    } catch {
      #expect(error.kind == .badData && error.file == "comparison.json")
      #expect((error.expected ?? "").contains(expected), "\(error)")
    }
  }

  @Test func aFolderWithNothingIsAFault() throws {
    try withTemporaryFolder { folder in
      for path in [folder, "\(folder)/none"] {
        #expect { try Report(folder: path) } throws: { ($0 as? Fault)?.kind == .missingInput }
      }
      try "{".write(toFile: "\(folder)/results.json", atomically: true, encoding: .utf8)
      #expect { try Report(folder: folder) } throws: { ($0 as? Fault)?.kind == .badData }
    }
  }
}
