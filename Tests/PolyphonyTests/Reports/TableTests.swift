import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyReports
@testable import PolyphonySupport

/// Tables for papers have the computed numbers, mark the best and the significant ones, and are safe for all names.
@Suite struct TableTests {
  private static func row(_ name: String, _ values: [Double?], missing: String? = nil) -> ResultsDocument.Row {
    ResultsDocument.Row(
      name: name, split: "test", seeds: Array(values.indices), metrics: ["mae": Aggregate(values)],
      parameters: .init(total: 2000, trainable: 1500), extra: missing.map { ["missing": .string($0)] } ?? [:])
  }

  private static func document(_ rows: [ResultsDocument.Row]) -> ResultsDocument {
    ResultsDocument(command: "train", version: "1", results: rows)
  }

  /// d = −0.1, −0.2, −0.3: mean −0.2, standard error 0.1/√3, t = −3.464, p = 0.0742 with 2 degrees of freedom.
  static let plain = document([row("base_x", [0.9, 0.9, 0.9]), row("new", [0.8, 0.7, 0.6])])

  @Test func markdown() throws {
    #expect(
      try ComparisonTables(Self.plain).markdown == """
        ### mae (lower is better), test split

        | method | mae | difference | p | trained | share |
        | --- | ---: | ---: | ---: | ---: | ---: |
        | base_x | 0.900 ± 0.000 |  |  | 1\u{202F}500 | 75.0 % |
        | new | **0.700 ± 0.082** | −0.200 ± 0.058 | 0.074 | 1\u{202F}500 | 75.0 % |

        Mean ± standard deviation (divided by n) over 3 seeds. Best in bold. \\* differs from base_x with p &lt; 0.05: paired t-test over common seeds, two-sided, p after Holm's correction over the 1 comparison of this metric. Tested without \\*: not significant with 3 seeds. Differences are to base_x, mean ± standard error over common seeds.

        """)
  }

  @Test func latex() throws {
    let text = try ComparisonTables(Self.plain).latex
    #expect(
      text.contains(
        #"""
          \begin{tabular}{lrrrrr}
            \toprule
            method & mae & difference & p & trained & share \\
            \midrule
            base\_x & 0.900 $\pm$ 0.000 &  &  & 1\,500 & 75.0 \% \\
            new & \textbf{0.700 $\pm$ 0.082} & $-$0.200 $\pm$ 0.058 & 0.074 & 1\,500 & 75.0 \% \\
            \bottomrule
          \end{tabular}
        """#))
  }

  @Test func longForm() throws {
    let lines = try ComparisonTables(Self.plain).csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(lines.count == 3 && Set(lines.map(\.count)) == [22])
    let values = Dictionary(uniqueKeysWithValues: zip(lines[0].map(String.init), lines[2].map(String.init)))
    #expect(values["method"] == "new" && values["better"] == "lower" && values["common_seeds"] == "3")
    #expect(abs((Double(values["p"] ?? "") ?? 0) - 0.07417990022744853) < 1e-12)
    #expect(values["p_holm"] == values["p"] && values["significant"] == "no" && values["comparisons"] == "1")
  }

  @Test func significantDifferencesAreMarked() throws {
    let rows = ["a:0.1", "a:0.2"].flatMap { missing in
      [Self.row("base", [0.9, 0.8, 0.7], missing: missing), Self.row("new", [0.5, 0.41, 0.3], missing: missing)]
    }
    let tables = try ComparisonTables(Self.document(rows))
    #expect(tables.markdown.contains("| method | a:0.1 | a:0.2 |"))
    #expect(tables.markdown.contains("| new | **0.403 ± 0.082** \\* | **0.403 ± 0.082** \\* |"))
    #expect(tables.markdown.contains("over the 2 comparisons"))
    #expect(tables.latex.contains("\\textbf{0.403 $\\pm$ 0.082}$^{*}$"))
  }

  @Test func aChosenLearningRateIsNoCondition() throws {
    let rows = [("base_x", "0.001", [0.9, 0.9, 0.9]), ("new", "0.005", [0.8, 0.7, 0.6])].map { name, rate, values in
      var row = Self.row(name, values)
      row.extra["rate"] = .string(rate)
      return row
    }
    #expect(try ComparisonTables(Self.document(rows)).markdown == ComparisonTables(Self.plain).markdown)
  }

  @Test func manyConditionsAreRows() throws {
    let rows = (0..<12).flatMap { rate in
      ["base", "new"].map { Self.row($0, [0.9, 0.8], missing: "sample:0.\(rate)") }
    }
    let markdown = try ComparisonTables(Self.document(rows)).markdown
    #expect(markdown.contains("| condition | base | new |") && markdown.contains("| sample:0.11 |"))
  }

  @Test(arguments: [
    ([row("a", [0.5]), row("b", [0.6])], "Nothing can be said about differences from a: one common seed only."),
    (
      [row("a", [0.5, 0.6]), row("b", [0.5, 0.6]), row("c", [0.5, 0.9])],
      "Not tested: b (equal at all seeds)."
    ), ([row("a", [0.5, 0.6]), row("b", [nil, nil])], "differences from a: undefined."),
  ])
  func whatCouldNotBeTestedIsSaid(rows: [ResultsDocument.Row], note: String) throws {
    let markdown = try ComparisonTables(Self.document(rows)).markdown
    #expect(markdown.contains(note), "\(markdown)")
    #expect(!markdown.contains("nan") && !markdown.contains("inf"))
    if rows.last?.metrics["mae"]?.mean == nil { #expect(markdown.contains("undefined")) }
  }

  @Test func namesAreSafeEverywhere() throws {
    let name = "[x]*_`|<b>&\\ 50% #1 ${y}~^\"q\",\n🎻"
    let tables = try ComparisonTables(Self.document([Self.row(name, [0.5, 0.6]), Self.row("b", [0.7, 0.9])]))
    let cell = "\\[x\\]\\*\\_\\`\\|&lt;b&gt;&amp;\\\\ 50% \\#1 ${y}\\~^\"q\", 🎻"
    #expect(tables.markdown.contains("| **\(cell)") || tables.markdown.contains("| \(cell) |"))
    #expect(
      tables.latex.contains(
        "{[}x{]}{*}\\_`\\textbar{}\\textless{}b\\textgreater{}\\&\\textbackslash{} 50\\% \\#1 \\$\\{y\\}\\textasciitilde{}"
          + "\\textasciicircum{}\"q\", 🎻 &"))
    #expect(tables.csv.contains("\"[x]*_`|<b>&\\ 50% #1 ${y}~^\"\"q\"\",\n🎻\""))
  }

  @Test func filesAreWritten() throws {
    try withTemporaryFolder { folder in
      try ComparisonTables(ComparisonFixture().document).write(to: folder)
      #expect(
        Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == ["table.csv", "table.md", "table.tex"])
    }
  }

  @Test func resultsWithoutMetricsMakeNoTables() throws {
    let tables = try ComparisonTables(Self.document([.init(name: "a")]))
    #expect(tables.comparisons.isEmpty && tables.markdown.isEmpty)
    #expect(throws: Fault.self) { try ComparisonTables(Self.plain, metric: "accuracy") }
    #expect(throws: Fault.self) { try ComparisonTables(Self.plain, reference: "nwe") }
  }
}
