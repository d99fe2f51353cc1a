/// Named points over two numbers as a drawing in SVG, such as score over cost, with the Pareto front.
public struct ScatterChart: Sendable {
  /// One point.
  public struct Point: Sendable {
    /// What stands beside it.
    public var name: String
    /// Where it lies.
    public var x: Double
    /// Where it lies.
    public var y: Double
    /// A deviation of y, shown as a whisker.
    public var spread: Double?

    /// A point.
    public init(_ name: String, _ x: Double, _ y: Double, spread: Double? = nil) {
      (self.name, self.x, self.y, self.spread) = (name, x, y, spread)
    }
  }

  /// What stands above the plot.
  public var title: String
  /// What the horizontal axis shows; less is better.
  public var xTitle: String
  /// What the vertical axis shows.
  public var yTitle: String
  /// The points.
  public var points: [Point]
  /// Whether more is better on the vertical axis; decides the front.
  public var higherIsBetter = true
  /// Whether equal ratios are equal lengths on the horizontal axis.
  public var isLogarithmicX = false

  /// A chart.
  public init(_ title: String, x xTitle: String, y yTitle: String, _ points: [Point]) {
    (self.title, self.xTitle, self.yTitle, self.points) = (title, xTitle, yTitle, points)
  }

  /// The points that no other beats: none costs as little and scores better, or scores as much and costs less; by cost.
  public var front: [Point] {
    func beats(_ a: Point, _ b: Point) -> Bool {
      let (up, down) = higherIsBetter ? (a.y, b.y) : (-a.y, -b.y)
      return a.x <= b.x && up >= down && (a.x < b.x || up > down)
    }
    return points.filter { point in !points.contains { beats($0, point) } }.sorted { $0.x < $1.x }
  }

  /// The drawing.
  public var svg: String {
    let extent = points.flatMap { [$0.y - ($0.spread ?? 0), $0.y + ($0.spread ?? 0)] }
    let frame = PlotFrame(
      title: title, xTitle: xTitle, yTitle: yTitle, x: ChartScale(points.map(\.x), isLogarithmic: isLogarithmicX),
      y: ChartScale(extent), legend: [])
    let best = Set(front.map(\.name))
    let path = front.map { frame.place($0.x, $0.y) }
      .map { "\(ChartStyle.place($0.x)) \(ChartStyle.place($0.y))" }.joined(separator: "L")
    var marks = path.isEmpty ? "" : "<path class=\"axis\" stroke-dasharray=\"4 4\" fill=\"none\" d=\"M\(path)\"/>\n"
    for (point, level) in zip(points, labelLevels(frame)) {
      let place = frame.place(point.x, point.y)
      let (x, y) = (ChartStyle.place(place.x), ChartStyle.place(place.y))
      let colour = ChartStyle.colour(best.contains(point.name) ? 0 : 7)
      if let spread = point.spread, spread > 0 {
        let (high, low) = (frame.place(point.x, point.y + spread).y, frame.place(point.x, point.y - spread).y)
        marks += "<path stroke=\"\(colour)\" d=\"M\(x) \(ChartStyle.place(high))V\(ChartStyle.place(low))\"/>\n"
      }
      marks += "<circle r=\"4.5\" fill=\"\(colour)\" cx=\"\(x)\" cy=\"\(y)\"/>\n"
      marks += "<text class=\"small\" x=\"\(ChartStyle.place(place.x + 8))\" y=\"\(ChartStyle.place(level + 4))\">"
      marks += "\(ChartStyle.escaped(point.name))</text>\n"
    }
    return frame.svg(marks, right: 130)
  }

  /// Heights of the names: those of their points, pushed down where names would cover each other.
  private func labelLevels(_ frame: PlotFrame) -> [Double] {
    let places = points.map { frame.place($0.x, $0.y) }
    var levels = places.map(\.y)
    var settled: [Int] = []
    for index in places.indices.sorted(by: { places[$0].y < places[$1].y }) {
      // A name of 20 letters is about 120 wide.
      let near = settled.filter { abs(places[$0].x - places[index].x) < 120 }
      for other in near.sorted(by: { levels[$0] < levels[$1] }) where abs(levels[other] - levels[index]) < 12 {
        levels[index] = levels[other] + 12
      }
      settled.append(index)
    }
    return levels
  }
}
