/// Lines over a number as a drawing in SVG, such as scores over missing rates or over epochs, with their spread.
public struct LineChart: Sendable {
  /// One line.
  public struct Series: Sendable {
    /// One value.
    public struct Point: Sendable {
      /// Where it stands.
      public var x: Double
      /// The value; nil leaves a gap.
      public var y: Double?
      /// A deviation, shown as a band of that much above and below.
      public var spread: Double?

      /// A point.
      public init(_ x: Double, _ y: Double?, spread: Double? = nil) { (self.x, self.y, self.spread) = (x, y, spread) }
    }

    /// Its name in the legend.
    public var name: String
    /// The points in the order in which they are joined.
    public var points: [Point]

    /// A line.
    public init(_ name: String, _ points: [Point]) { (self.name, self.points) = (name, points) }
  }

  /// What stands above the plot.
  public var title: String
  /// What the horizontal axis shows, with its unit.
  public var xTitle: String
  /// What the vertical axis shows, with its unit.
  public var yTitle: String
  /// The lines; colours are given in order.
  public var series: [Series]
  /// Whether equal ratios are equal lengths on the horizontal axis.
  public var isLogarithmicX = false
  /// Whether equal ratios are equal lengths on the vertical axis.
  public var isLogarithmicY = false

  /// A chart.
  public init(_ title: String, x xTitle: String, y yTitle: String, _ series: [Series]) {
    (self.title, self.xTitle, self.yTitle, self.series) = (title, xTitle, yTitle, series)
  }

  /// Whether the horizontal axis counts, so that there is nothing between two whole numbers.
  public var isWholeX = false

  /// The drawing.
  public var svg: String { drawing(.alone) }

  /// The drawing for a place.
  package func drawing(_ layout: ChartLayout) -> String {
    let points = series.flatMap(\.points)
    let low = points.compactMap { point in point.y.map { $0 - (point.spread ?? 0) } }
    let high = points.compactMap { point in point.y.map { $0 + (point.spread ?? 0) } }
    let frame = PlotFrame(
      title: title, xTitle: xTitle, yTitle: yTitle,
      x: ChartScale(points.map(\.x), isLogarithmic: isLogarithmicX, isWhole: isWholeX),
      y: ChartScale(low + high, isLogarithmic: isLogarithmicY), legend: series.count > 1 ? series.map(\.name) : [],
      layout: layout)
    return frame.svg(series.enumerated().map { ChartStyle.series($0, marks($1, $0, frame)) }.joined())
  }

  private func marks(_ line: Series, _ index: Int, _ frame: PlotFrame) -> String {
    var marks = ""
    // Beyond the eight colours lines are dashed.
    let dash = index < ChartStyle.colours.count ? "" : " stroke-dasharray=\"6 3\""
    for part in line.points.split(whereSeparator: { $0.y?.isFinite != true }) {
      marks += band(Array(part), frame)
      let places = part.compactMap { point in point.y.map { frame.place(point.x, $0) } }
      let path = places.map { "\(ChartStyle.place($0.x)) \(ChartStyle.place($0.y))" }.joined(separator: "L")
      marks += "<path fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\"\(dash) d=\"M\(path)\"/>\n"
      guard places.count <= 30 else { continue }
      for place in places { marks += ChartStyle.mark(index, place.x, place.y, 2.8) }
    }
    return marks
  }

  /// The band of the spread around a line's part, nothing where no point has one.
  private func band(_ points: [Series.Point], _ frame: PlotFrame) -> String {
    guard points.count > 1, points.contains(where: { ($0.spread ?? 0) > 0 }) else { return "" }
    let upper = points.map { frame.place($0.x, ($0.y ?? 0) + ($0.spread ?? 0)) }
    let lower = points.reversed().map {
      frame.place($0.x, max(frame.y.range.lowerBound, ($0.y ?? 0) - ($0.spread ?? 0)))
    }
    let path = (upper + lower).map { "\(ChartStyle.place($0.x)) \(ChartStyle.place($0.y))" }.joined(separator: "L")
    return "<path fill=\"currentColor\" fill-opacity=\"0.13\" d=\"M\(path)Z\"/>\n"
  }
}
