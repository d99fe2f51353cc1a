/// A scatter chart of named points in SVG with its Pareto front, such as score over cost.
///
/// ```swift
/// let chart = ScatterChart(
///   "Cost and score", x: "seconds per step", y: "accuracy",
///   [.init("joint", 0.11, 0.78), .init("cggm", 0.14, 0.81, spread: 0.01), .init("ogm_ge", 0.15, 0.79)])
/// print(chart.front.map(\.name))  // ["joint", "cggm"]
/// try AtomicFile.write(chart.svg, to: "cost.svg")
/// ```
public struct ScatterChart: Sendable {
  /// One point with its name.
  public struct Point: Sendable {
    /// The name beside the point.
    public var name: String
    /// The horizontal value.
    public var x: Double
    /// The vertical value.
    public var y: Double
    /// A deviation of y, drawn as a whisker.
    public var spread: Double?

    /// Makes a point.
    public init(_ name: String, _ x: Double, _ y: Double, spread: Double? = nil) {
      (self.name, self.x, self.y, self.spread) = (name, x, y, spread)
    }
  }

  /// The title above the plot.
  public var title: String
  /// The title of the horizontal axis. Lower values are better.
  public var xTitle: String
  /// The title of the vertical axis.
  public var yTitle: String
  /// The points of the chart.
  public var points: [Point]
  /// True if higher values are better on the vertical axis. It decides the front.
  public var higherIsBetter = true
  /// True if equal ratios are equal lengths on the horizontal axis.
  public var isLogarithmicX = false

  /// Makes a chart.
  public init(_ title: String, x xTitle: String, y yTitle: String, _ points: [Point]) {
    (self.title, self.xTitle, self.yTitle, self.points) = (title, xTitle, yTitle, points)
  }

  /// The points that no other point dominates, ordered by cost.
  ///
  /// A point dominates another one if it is at least as good in both values and better in one of them.
  public var front: [Point] {
    func beats(_ a: Point, _ b: Point) -> Bool {
      let (up, down) = higherIsBetter ? (a.y, b.y) : (-a.y, -b.y)
      return a.x <= b.x && up >= down && (a.x < b.x || up > down)
    }
    return points.filter { point in !points.contains { beats($0, point) } }.sorted { $0.x < $1.x }
  }
}
