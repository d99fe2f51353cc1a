import Foundation
import Polyphony
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Drawings are well-formed, in proportion, and safe whatever names hold.
@Suite struct BarChartTests {
  @Test func barsAreInProportionAndNamesEscaped() throws {
    let chart = BarChart(
      "a < b & \"c\"", [.init("<all>", 1), .init("half", 0.5, group: 1), .init("none", nil, group: 2), .init("more", 7)],
      format: { "\($0)" })
    let document = try XMLDocument(xmlString: chart.svg)
    let bars = try document.nodes(forXPath: "//*[local-name()='rect'][not(@class='track')]")
    let widths = bars.compactMap { ($0 as? XMLElement)?.attribute(forName: "width")?.stringValue }
    #expect(widths == ["420", "210", "0", "420"])
    let texts = try document.nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
    #expect(texts.contains("a < b & \"c\"") && texts.contains("<all>") && texts.contains("undefined"))
  }
}
