import Foundation
import Polyphony
import Testing

@testable import PolyphonyPresentation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Bar charts are well-formed, in proportion, and safe for all names.
@Suite struct BarChartTests {
  @Test func barsAreInProportionAndNamesEscaped() throws {
    let chart = BarChart(
      "a < b & \"c\"",
      [.init("<all>", 1), .init("half", 0.5, group: 1), .init("none", nil, group: 2), .init("more", 7)],
      format: { "\($0)" })
    // The drawing is well-formed and has the given texts.
    let document = try XMLDocument(xmlString: chart.svg)
    let texts = try document.nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
    #expect(texts.contains("a < b & \"c\"") && texts.contains("<all>") && texts.contains("undefined"))
    let widths = chart.svg.split(separator: "\n").filter { $0.contains("class=\"bar") }.map { line in
      line.components(separatedBy: "width=\"")[1].prefix { $0 != "\"" }
    }
    #expect(widths == ["420", "210", "0", "420"])
  }

  @Test func barsBelowZeroGoToTheLeft() throws {
    var chart = BarChart("t", [.init("a", -0.5), .init("b", 1)], format: { "\($0)" })
    chart.minimum = -1
    let document = try XMLDocument(xmlString: chart.svg)
    let places = try ["x", "width"].map { name in
      try document.nodes(forXPath: "//*[@class='bar']/@\(name)").compactMap(\.stringValue)
    }
    #expect(places == [["275", "380"], ["105", "210"]])
  }
}
