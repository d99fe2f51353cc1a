import Foundation
import Testing

@testable import Polyphony
@testable import PolyphonyPresentation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Charts are well-formed, show their data, and work for all numbers.
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
    // The first of two lines has a band, the second a gap. The lines differ in form as well as in colour.
    #expect(try count(chart.svg, "path", "[@stroke-width]") == 3)
    #expect(try count(chart.svg, "path", "[@fill-opacity]") == 1)
    #expect(try count(chart.svg, "circle", "[@class='mark'][@cx]") == 3, "two points, and one in the legend")
    #expect(try count(chart.svg, "path", "[@class='mark']") == 3)
    #expect(!chart.svg.contains("nan"))
    #expect(try !texts(LineChart("t", x: "x", y: "y", []).svg).isEmpty, "without lines it still draws")
  }

  /// The numbers that stand at the ticks of both axes.
  private func numbers(_ svg: String) throws -> [Double] { try texts(svg).compactMap { Double($0) } }

  @Test func lossesAndAccuraciesStayInTheirRange() throws {
    // The bands would reach below 0 and above 1.
    let points: [LineChart.Series.Point] = [.init(1, 0.05, spread: 0.3), .init(2, 0.98, spread: 0.2), .init(3, 0)]
    var chart = LineChart("t", x: "epoch", y: "accuracy", [.init("a", points)])
    chart.largestY = 1
    #expect(try numbers(chart.svg).contains { $0 == 0 } && numbers(chart.svg).allSatisfy { (0...3).contains($0) })
    let scale = ChartScale([0, 0.98, 1], most: 1)
    #expect(scale.range == 0...1)
    #expect(ChartScale([0.97, 0.98], most: 1).range.upperBound <= 1)
    #expect(ChartScale([1, 1], most: 1).range.upperBound == 1 && ChartScale([1, 1], most: 1).range.lowerBound < 1)
    #expect(ChartScale([0, 0]).range.lowerBound == 0)
    // Negative values keep their place.
    #expect(
      try numbers(LineChart("t", x: "x", y: "loss", [.init("a", [.init(0, -0.4), .init(1, 0.2)])]).svg).contains {
        $0 < 0
      })
    let cloud = ScatterChart("t", x: "x", y: "accuracy", [.init("a", 1, 0.02, spread: 0.5), .init("b", 2, 0.4)])
    #expect(try numbers(cloud.svg).allSatisfy { $0 >= 0 })
  }

  @Test func ringsMarkPoints() throws {
    var line = LineChart.Series("a", [.init(1, 0.5), .init(2, 0.7), .init(3, nil)])
    line.rings = [2, 3, 9]
    let chart = LineChart("t", x: "epoch", y: "accuracy", [line])
    #expect(try count(chart.svg, "circle", "[@class='ring']") == 1)
  }

  @Test func reliabilityHasABarForEachBinWithAnswers() throws {
    let chart = ReliabilityChart(
      "t", [nil, .init(count: 4, confidence: 0.5, accuracy: 0.25), .init(count: 90, confidence: 0.9, accuracy: 1)])
    #expect(try count(chart.svg, "rect", "[@class='bar']") == 2 && count(chart.svg, "path", "[@class='whisker']") == 2)
    // Wilson's interval for 1 of 4 at 95 %, by the formula in Python.
    let interval = try #require(chart.bins[1]).interval
    #expect(abs(interval.lowerBound - 0.045587) < 1e-5 && abs(interval.upperBound - 0.699358) < 1e-5)
    let pairs = PredictionChart("t", [(1, 2), (3, 3), (.nan, 0)])
    #expect(try count(pairs.svg, "circle") == 2 && !pairs.svg.contains("nan"))
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

  @Test(arguments: [ChartLayout.alone, .page], [5, 12])
  func namesOfNearPointsDoNotCoverEachOther(layout: ChartLayout, count: Int) throws {
    var chart = ScatterChart(
      "t", x: "x", y: "y", (0..<count).map { .init("point \($0)", 1000, 0.5 + 1e-4 * Double($0 % 3)) })
    chart.points.append(.init("far away, with a name that is much longer than there is room for it", 2, 0.6))
    chart.points.append(.init("none", 0, 0.4))
    chart.isLogarithmicX = true
    let document = try XMLDocument(xmlString: chart.drawing(layout))
    let size = try #require(document.nodes(forXPath: "/*/@width").first?.stringValue.flatMap(Double.init))
    let boxes = try document.nodes(forXPath: "//*[local-name()='text'][not(@text-anchor)][@class='small name']")
      .compactMap { $0 as? XMLElement }.map { element in
        let name = element.children?.last?.stringValue ?? ""
        let place = try ["x", "y"].map { name in
          try element.nodes(forXPath: "@\(name)").first?.stringValue.flatMap(Double.init) ?? .nan
        }
        return (name: name, x: place[0], y: place[1], width: ChartText.width(name))
      }
    #expect(boxes.count == count + 2)
    for (index, a) in boxes.enumerated() {
      #expect(a.x >= 0 && a.x + a.width <= size, "\(a.name) is inside")
      for b in boxes[(index + 1)...] where abs(a.y - b.y) < 12 {
        #expect(a.x + a.width <= b.x + 0.1 || b.x + b.width <= a.x + 0.1, "\(a.name) and \(b.name)")
      }
    }
  }

  @Test func zeroHasAPlaceOnALogarithmicScale() {
    let scale = ChartScale([0, 100, 100_000], isLogarithmic: true, keepsZero: true)
    #expect(scale.share(0) == 0 && scale.ticks.first == 0 && scale.share(100_000) == 1)
    #expect(scale.share(100) > 0.1 && scale.share(100) < scale.share(1000))
    let one = ChartScale([0, 50], isLogarithmic: true, keepsZero: true)
    #expect((0.1...1).contains(one.share(50)))
  }

  @Test func whatCountsHasWholeTicks() {
    #expect(ChartScale([1, 3], isWhole: true).ticks == [1, 2, 3])
    #expect(ChartScale([1, 30], isWhole: true).ticks.allSatisfy { $0 == $0.rounded() })
  }

  @Test func textsAreFittedAndMadeSafe() throws {
    #expect(ChartText.fitted("short", room: 100) == "short")
    let fitted = ChartText.fitted(String(repeating: "long ", count: 50), room: 100)
    #expect(fitted.hasSuffix("…") && ChartText.width(fitted) <= 100)
    let name = "<script>alert(\"1\")</script> & 'it' 🎻 \u{1}\u{0}"
    let svg = LineChart(name, x: name, y: name, [.init(name, [.init(0, 1)]), .init(name, [.init(1, 1)])]).svg
    #expect(!svg.contains("<script") && svg.contains("&lt;script"))
    #expect(try texts(svg).contains { $0.contains("it") })
  }

  @Test func drawingsInAPageHaveNoRulesOfTheirOwn() {
    let lines = LineChart("t", x: "x", y: "y", [.init("a", [.init(0, 1)])])
    #expect(lines.svg.contains("<style>") && !lines.drawing(.page).contains("<style>"))
    #expect(lines.drawing(.page).contains("width=\"350\""), "as wide as a telephone")
  }

  @Test func aHeatMapColoursByDistance() throws {
    var map = HeatMap(
      "gain", rows: ["noise", "gain"], columns: ["source", "casp"], values: [[0, 0.1], [nil, -0.05]], middle: 0,
      format: { String(format: "%.2f", $0) })
    func colours() throws -> [String] {
      let document = try XMLDocument(xmlString: map.svg)
      return try ["../@color", "@fill-opacity"].map { name in
        try document.nodes(forXPath: "//*[local-name()='rect']/\(name)").compactMap(\.stringValue)
      }.reduce([]) { $0.isEmpty ? $1 : zip($0, $1).map(+) }
    }
    let (blue, orange) = (ChartStyle.colour(0), ChartStyle.colour(1))
    #expect(try colours() == ["\(blue)0.00", "\(blue)0.60", "\(orange)0.30"])
    map.higherIsBetter = false
    #expect(try colours().last == "\(blue)0.30")
    #expect(try texts(map.svg).contains("undefined"))
  }
}
