import Foundation
import Testing

@testable import Polyphony

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Drawings are well-formed, show what they were given, and stand whatever the numbers are.
@Suite struct ChartTests {
  private func texts(_ svg: String) throws -> [String] {
    try XMLDocument(xmlString: svg).nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
  }

  private func count(_ svg: String, _ element: String, _ condition: String = "") throws -> Int {
    try XMLDocument(xmlString: svg).nodes(forXPath: "//*[local-name()='\(element)']\(condition)").count
  }

  @Test(arguments: [
    ([0.0, 1.0], false, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), ([812, 1730], false, [800, 1000, 1200, 1400, 1600, 1800]),
    ([1, 1000], true, [1, 10, 100, 1000]), ([0, 1000], true, [0, 200, 400, 600, 800, 1000]),
  ])
  func ticksAreRound(values: [Double], isLogarithmic: Bool, expected: [Double]) {
    let scale = ChartScale(values, isLogarithmic: isLogarithmic)
    #expect(scale.ticks.count == expected.count)
    for (tick, wanted) in zip(scale.ticks, expected) { #expect(abs(tick - wanted) < 1e-9 * max(1, wanted)) }
    for value in values { #expect((0...1).contains(scale.share(value))) }
  }

  @Test(arguments: [[], [0.7], [0.7, 0.7], [.nan, .infinity], [-3, 0, 2.5], [1e-9, 1e12]])
  func everyValueIsOnItsScale(values: [Double]) {
    for isLogarithmic in [false, true] {
      let scale = ChartScale(values, isLogarithmic: isLogarithmic)
      #expect(scale.range.lowerBound < scale.range.upperBound && (2...30).contains(scale.ticks.count))
      for value in values where value.isFinite { #expect((-1e-9...1 + 1e-9).contains(scale.share(value))) }
    }
  }

  @Test func linesHaveGapsBandsAndALegend() throws {
    let chart = LineChart(
      "scores & rates", x: "missing rate", y: "accuracy",
      [
        .init("a<b", [.init(0, 0.9, spread: 0.02), .init(0.5, 0.8, spread: 0.01), .init(1, nil)]),
        .init("c", [.init(0, 0.9), .init(0.5, .nan), .init(1, 0.5)]),
      ])
    let words = try texts(chart.svg)
    #expect(words.contains("scores & rates") && words.contains("a<b") && words.contains("missing rate"))
    // Two lines with a gap in the second; the first has a band.
    #expect(try count(chart.svg, "path", "[@stroke-width]") == 3)
    #expect(try count(chart.svg, "path", "[@fill-opacity]") == 1)
    #expect(try count(chart.svg, "circle") == 4)
    #expect(!chart.svg.contains("nan"))
    #expect(try !texts(LineChart("t", x: "x", y: "y", []).svg).isEmpty, "without lines it still draws")
  }

  @Test func theFrontHoldsWhatNothingBeats() throws {
    var chart = ScatterChart(
      "cost", x: "parameters", y: "score",
      [.init("cheap", 1, 0.5), .init("worse", 2, 0.4), .init("good", 3, 0.9, spread: 0.1), .init("dear", 9, 0.9)])
    #expect(chart.front.map(\.name) == ["cheap", "good"])
    chart.higherIsBetter = false
    #expect(chart.front.map(\.name) == ["cheap", "worse"])
    #expect(Set(try texts(chart.svg)).isSuperset(of: ["cheap", "worse", "good", "dear"]))
  }

  @Test func namesOfNearPointsDoNotCoverEachOther() throws {
    let chart = ScatterChart("t", x: "x", y: "y", (0..<5).map { .init("point \($0)", 1, 0.5 + 1e-4 * Double($0)) })
    let document = try XMLDocument(xmlString: chart.svg)
    let heights = try document.nodes(forXPath: "//*[local-name()='text'][starts-with(., 'point')]/@y")
      .compactMap { $0.stringValue.flatMap(Double.init) }.sorted()
    #expect(heights.count == 5)
    for (above, below) in zip(heights, heights.dropFirst()) { #expect(below - above >= 11.9) }
  }

  @Test func aHeatMapColoursByDistance() throws {
    var map = HeatMap(
      "gain", rows: ["noise", "gain"], columns: ["source", "casp"], values: [[0, 0.1], [nil, -0.05]], middle: 0,
      format: { String(format: "%.2f", $0) })
    func colours() throws -> [String] {
      let document = try XMLDocument(xmlString: map.svg)
      return try ["fill", "fill-opacity"].map { name in
        try document.nodes(forXPath: "//*[local-name()='rect']/@\(name)").compactMap(\.stringValue)
      }.reduce([]) { $0.isEmpty ? $1 : zip($0, $1).map(+) }
    }
    let (blue, orange) = (ChartStyle.colour(0), ChartStyle.colour(1))
    #expect(try colours() == ["\(blue)0.0", "\(blue)0.7", "\(orange)0.3"])
    map.higherIsBetter = false
    #expect(try colours().last == "\(blue)0.3")
    #expect(try texts(map.svg).contains("undefined"))
  }
}
