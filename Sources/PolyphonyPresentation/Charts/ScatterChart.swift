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
}
