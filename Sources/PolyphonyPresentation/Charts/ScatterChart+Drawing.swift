extension ScatterChart {
  /// The drawing as an SVG document.
  public var svg: String { drawing(.alone) }

  /// Returns the drawing for a layout.
  package func drawing(_ layout: ChartLayout) -> String {
    let least = points.allSatisfy { $0.y >= 0 } ? 0 : -Double.infinity
    let extent = points.flatMap { [max(least, $0.y - ($0.spread ?? 0)), $0.y + ($0.spread ?? 0)] }
    var frame = PlotFrame(
      title: title, xTitle: xTitle, yTitle: yTitle,
      x: ChartScale(points.map(\.x), isLogarithmic: isLogarithmicX, keepsZero: true), y: ChartScale(extent), legend: [],
      layout: layout)
    frame.margin = 130
    let best = Set(front.map(\.name))
    let path = front.map { frame.place($0.x, $0.y) }
      .map { "\(ChartStyle.place($0.x)) \(ChartStyle.place($0.y))" }.joined(separator: "L")
    var marks =
      path.isEmpty
      ? "" : "<path class=\"axis\" stroke=\"#888\" stroke-dasharray=\"4 4\" fill=\"none\" d=\"M\(path)\"/>\n"
    for point in points {
      let place = frame.place(point.x, point.y)
      let (x, isBest) = (ChartStyle.place(place.x), best.contains(point.name))
      var own = ""
      if let spread = point.spread, spread > 0 {
        let high = frame.place(point.x, point.y + spread).y
        let low = frame.place(point.x, max(least, point.y - spread)).y
        own += "<path stroke=\"currentColor\" d=\"M\(x) \(ChartStyle.place(high))V\(ChartStyle.place(low))\"/>\n"
      }
      // Points on the front are filled and the others hollow, so that the difference does not depend on colour.
      own += "<circle r=\"4.2\" fill=\"\(isBest ? "currentColor" : "none")\" stroke=\"currentColor\" "
      own += "stroke-width=\"1.5\" cx=\"\(x)\" cy=\"\(ChartStyle.place(place.y))\"/>\n"
      marks += ChartStyle.series(isBest ? 0 : 7, own)
    }
    let labels = ScatterLabels(
      points.map { point in
        let place = frame.place(point.x, point.y)
        return (point.name, place, place.y - frame.place(point.x, point.y + (point.spread ?? 0)).y)
      }, room: frame.room, span: frame.span)
    return frame.svg(marks + labels.svg)
  }
}
