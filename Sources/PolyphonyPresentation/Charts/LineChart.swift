/// A line chart in SVG, such as scores with their spread over missing rates or over epochs.
///
/// ```swift
/// let prompts = LineChart.Series("prompts", [.init(0, 0.81, spread: 0.01), .init(0.3, 0.77), .init(0.6, nil)])
/// let chart = LineChart("Missing data", x: "missing rate", y: "accuracy", [prompts])
/// try AtomicFile.write(chart.svg, to: "missing.svg")
/// print(chart.text())
/// ```
public struct LineChart: Sendable {
  /// One line with its name.
  public struct Series: Sendable {
    /// One point of a line.
    public struct Point: Sendable {
      /// The horizontal value.
      public var x: Double
      /// The vertical value. A nil value leaves a gap.
      public var y: Double?
      /// A deviation, drawn as a band of this size above and below.
      public var spread: Double?

      /// Makes a point.
      public init(_ x: Double, _ y: Double?, spread: Double? = nil) { (self.x, self.y, self.spread) = (x, y, spread) }
    }

    /// The line's name in the legend.
    public var name: String
    /// The points in the order of the line.
    public var points: [Point]
    /// The horizontal values whose points have a ring, such as chosen epochs.
    public var rings: Set<Double> = []

    /// Makes a line.
    public init(_ name: String, _ points: [Point]) { (self.name, self.points) = (name, points) }
  }

  /// The title above the plot.
  public var title: String
  /// The title of the horizontal axis, with its unit.
  public var xTitle: String
  /// The title of the vertical axis, with its unit.
  public var yTitle: String
  /// The lines. They get colours in order.
  public var series: [Series]
  /// True if equal ratios are equal lengths on the horizontal axis.
  public var isLogarithmicX = false
  /// True if equal ratios are equal lengths on the vertical axis.
  public var isLogarithmicY = false
  /// The largest possible vertical value, such as 1 for an accuracy. Default: there is none.
  public var largestY: Double?

  /// Makes a chart.
  public init(_ title: String, x xTitle: String, y yTitle: String, _ series: [Series]) {
    (self.title, self.xTitle, self.yTitle, self.series) = (title, xTitle, yTitle, series)
  }

  /// True if the horizontal axis counts, so that no values lie between two whole numbers.
  public var isWholeX = false

  /// The drawing as an SVG document.
  public var svg: String { drawing(.alone) }

  /// Returns the drawing for a layout.
  package func drawing(_ layout: ChartLayout) -> String {
    let points = series.flatMap(\.points)
    // A band around positive values ends at 0, because no value is below.
    let isPositive = points.allSatisfy { ($0.y ?? 0) >= 0 }
    let low = points.compactMap { point in point.y.map { max($0 - (point.spread ?? 0), isPositive ? 0 : -.infinity) } }
    let high = points.compactMap { point in point.y.map { min($0 + (point.spread ?? 0), largestY ?? .infinity) } }
    let frame = PlotFrame(
      title: title, xTitle: xTitle, yTitle: yTitle,
      x: ChartScale(points.map(\.x), isLogarithmic: isLogarithmicX, isWhole: isWholeX),
      y: ChartScale(low + high, isLogarithmic: isLogarithmicY, most: largestY),
      legend: series.count > 1 ? series.map(\.name) : [],
      layout: layout)
    return frame.svg(series.enumerated().map { ChartStyle.series($0, marks($1, $0, frame)) }.joined())
  }

  private func marks(_ line: Series, _ index: Int, _ frame: PlotFrame) -> String {
    var marks = ""
    // Lines after the eight colours are dashed.
    let dash = index < ChartStyle.colours.count ? "" : " stroke-dasharray=\"6 3\""
    for part in line.points.split(whereSeparator: { $0.y?.isFinite != true }) {
      marks += band(Array(part), frame)
      let places = part.compactMap { point in point.y.map { frame.place(point.x, $0) } }
      let path = places.map { "\(ChartStyle.place($0.x)) \(ChartStyle.place($0.y))" }.joined(separator: "L")
      marks += "<path fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\"\(dash) d=\"M\(path)\"/>\n"
      for (point, place) in zip(part, places) where line.rings.contains(point.x) {
        marks += "<circle class=\"ring\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" r=\"6\" "
        marks += "cx=\"\(ChartStyle.place(place.x))\" cy=\"\(ChartStyle.place(place.y))\"/>\n"
      }
      guard places.count <= 30 else { continue }
      for place in places { marks += ChartStyle.mark(index, place.x, place.y, 2.8) }
    }
    return marks
  }

  /// Returns the band of the spread around a part of a line. It is empty if no point has a spread.
  private func band(_ points: [Series.Point], _ frame: PlotFrame) -> String {
    guard points.count > 1, points.contains(where: { ($0.spread ?? 0) > 0 }) else { return "" }
    let upper = points.map { frame.place($0.x, min(frame.y.range.upperBound, ($0.y ?? 0) + ($0.spread ?? 0))) }
    let lower = points.reversed().map {
      frame.place($0.x, max(frame.y.range.lowerBound, ($0.y ?? 0) - ($0.spread ?? 0)))
    }
    let path = (upper + lower).map { "\(ChartStyle.place($0.x)) \(ChartStyle.place($0.y))" }.joined(separator: "L")
    return "<path fill=\"currentColor\" fill-opacity=\"0.13\" d=\"M\(path)Z\"/>\n"
  }
}
