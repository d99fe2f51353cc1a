/// Predicted against true values of a regression in SVG. Right answers lie on the dashed diagonal.
///
/// ```swift
/// let chart = PredictionChart("Test split", [(target: 1.0, prediction: 0.8), (target: -0.5, prediction: -0.4)])
/// try AtomicFile.write(chart.svg, to: "predictions.svg")
/// ```
public struct PredictionChart: Sendable {
  /// The title above the plot.
  public var title: String
  /// The true and the predicted value of each sample.
  public var pairs: [(target: Double, prediction: Double)]

  /// Makes a chart.
  public init(_ title: String, _ pairs: [(target: Double, prediction: Double)]) {
    (self.title, self.pairs) = (title, pairs)
  }

  /// The drawing as an SVG document.
  public var svg: String { drawing(.alone) }

  /// Returns the drawing for a layout.
  package func drawing(_ layout: ChartLayout) -> String {
    let scale = ChartScale(pairs.flatMap { [$0.target, $0.prediction] })
    let frame = PlotFrame(
      title: title, xTitle: "true value", yTitle: "predicted value", x: scale, y: scale, legend: [], layout: layout)
    let marks = pairs.filter { $0.target.isFinite && $0.prediction.isFinite }.map { pair in
      let place = frame.place(pair.target, pair.prediction)
      return "<circle class=\"mark\" fill=\"currentColor\" fill-opacity=\"0.5\" r=\"2.4\" "
        + "cx=\"\(ChartStyle.place(place.x))\" cy=\"\(ChartStyle.place(place.y))\"/>\n"
    }
    return frame.svg(frame.diagonal(scale.range) + ChartStyle.series(0, marks.joined()))
  }
}
