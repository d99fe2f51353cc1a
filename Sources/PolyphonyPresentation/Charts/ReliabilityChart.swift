import Foundation

/// A reliability diagram in SVG: the accuracy of answers by their confidence, in bins of equal width.
///
/// A bar is the accuracy of a bin, and its whisker the 95 % interval of Wilson for that share. A calibrated model has
/// its bars at the dashed diagonal.
///
/// ```swift
/// let chart = ReliabilityChart("Reliability", [.init(count: 40, confidence: 0.3, accuracy: 0.4), nil, nil])
/// try AtomicFile.write(chart.svg, to: "reliability.svg")
/// ```
public struct ReliabilityChart: Sendable {
  /// The answers of one bin.
  public struct Bin: Sendable {
    /// The number of answers.
    public var count: Int
    /// Their mean confidence.
    public var confidence: Double
    /// The share of right answers.
    public var accuracy: Double

    /// Makes a bin.
    public init(count: Int, confidence: Double, accuracy: Double) {
      (self.count, self.confidence, self.accuracy) = (count, confidence, accuracy)
    }

    /// The 95 % interval of Wilson for the accuracy.
    var interval: ClosedRange<Double> {
      let (n, z) = (Double(max(1, count)), 1.959964)
      let middle = (accuracy + z * z / (2 * n)) / (1 + z * z / n)
      let half = z / (1 + z * z / n) * (accuracy * (1 - accuracy) / n + z * z / (4 * n * n)).squareRoot()
      return max(0, middle - half)...min(1, middle + half)
    }
  }

  /// The title above the plot.
  public var title: String
  /// The bins from the lowest to the highest confidence. A nil bin has no answers.
  public var bins: [Bin?]

  /// Makes a chart.
  public init(_ title: String, _ bins: [Bin?]) { (self.title, self.bins) = (title, bins) }

  /// The drawing as an SVG document.
  public var svg: String { drawing(.alone) }

  /// Returns the drawing for a layout.
  package func drawing(_ layout: ChartLayout) -> String {
    let frame = PlotFrame(
      title: title, xTitle: "confidence", yTitle: "accuracy", x: ChartScale([0, 1]), y: ChartScale([0, 1]), legend: [],
      layout: layout)
    var marks = ""
    for (index, bin) in bins.enumerated() {
      guard let bin else { continue }
      let ends = (Double(index) / Double(bins.count), Double(index + 1) / Double(bins.count))
      let (corner, foot) = (frame.place(ends.0, bin.accuracy), frame.place(ends.1, 0))
      let words = String(
        format: "confidence %.2f to %.2f: %d answers, mean confidence %.3f, accuracy %.3f", ends.0, ends.1, bin.count,
        bin.confidence, bin.accuracy)
      marks += "<rect class=\"bar\" fill=\"currentColor\" fill-opacity=\"0.45\" "
      marks +=
        "x=\"\(ChartStyle.place(corner.x + 0.7))\" y=\"\(ChartStyle.place(corner.y))\" width=\"\(ChartStyle.place(foot.x - corner.x - 1.4))\" "
      marks += "height=\"\(ChartStyle.place(foot.y - corner.y))\"><title>\(words)</title></rect>\n"
      let middle = ChartStyle.place((corner.x + foot.x) / 2)
      let (high, low) = (frame.place(0, bin.interval.upperBound).y, frame.place(0, bin.interval.lowerBound).y)
      marks += "<path class=\"whisker\" stroke=\"currentColor\" stroke-width=\"1.2\" fill=\"none\" "
      marks += "d=\"M\(middle) \(ChartStyle.place(high))V\(ChartStyle.place(low))\"/>\n"
    }
    return frame.svg(ChartStyle.series(0, marks) + frame.diagonal(0...1))
  }
}

extension PlotFrame {
  /// Returns a dashed line through the points whose two values are equal.
  func diagonal(_ range: ClosedRange<Double>) -> String {
    let (a, b) = (place(range.lowerBound, range.lowerBound), place(range.upperBound, range.upperBound))
    return "<path class=\"axis\" stroke=\"#888\" stroke-dasharray=\"4 4\" fill=\"none\" "
      + "d=\"M\(ChartStyle.place(a.x)) \(ChartStyle.place(a.y))L\(ChartStyle.place(b.x)) \(ChartStyle.place(b.y))\"/>\n"
  }
}
