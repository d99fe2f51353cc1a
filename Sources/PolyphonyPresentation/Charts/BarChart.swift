/// A horizontal bar chart in SVG. Each row has a name, a bar and a number.
///
/// Colours follow the reader's light or dark setting. The drawing loads nothing.
///
/// ```swift
/// let chart = BarChart("Shapley values", [.init("text", 0.31), .init("audio", 0.08), .init("video", nil)]) {
///   String(format: "%.2f", $0)
/// }
/// try AtomicFile.write(chart.svg, to: "shapley.svg")
/// ```
public struct BarChart: Sendable {
  /// One bar with its name.
  public struct Bar: Sendable {
    /// The name before the bar.
    public var label: String
    /// The length of the bar. A nil value draws no bar and writes «undefined».
    public var value: Double?
    /// The group of the bar. Bars of one group share a colour, and there are three colours.
    public var group: Int

    /// Makes a bar.
    public init(_ label: String, _ value: Double?, group: Int = 0) {
      (self.label, self.value, self.group) = (label, value, group)
    }
  }

  /// The title above the bars.
  public var title: String
  /// The bars from top to bottom.
  public var bars: [Bar]
  /// The value of a bar of full width.
  public var maximum: Double
  /// The value at the left edge, 0 or below it. Bars begin at 0.
  public var minimum: Double = 0
  /// The function that writes a value as text.
  public var format: @Sendable (Double) -> String

  /// Makes a chart.
  public init(
    _ title: String, _ bars: [Bar], maximum: Double = 1, format: @escaping @Sendable (Double) -> String
  ) {
    (self.title, self.bars, self.maximum, self.format) = (title, bars, maximum, format)
  }

  /// The drawing as an SVG document.
  public var svg: String { drawing(.alone) }

  /// Returns the drawing for a layout.
  package func drawing(_ layout: ChartLayout) -> String {
    let (left, width, right, top) = layout == .alone ? (170.0, 420.0, 80.0, 40.0) : (130.0, 160.0, 60.0, 6.0)
    let row = 22.0
    let (style, size) = layout == .alone ? ("label", 13.0) : ("small", 11.0)
    let total = left + width + right
    var text = ChartStyle.opening(
      title, width: Int(total), height: Int(top + row * Double(bars.count) + 12), layout)
    let range = min(minimum, 0)...max(maximum, min(minimum, 0) + 1e-12)
    func across(_ value: Double) -> Double {
      let inside = min(max(value, range.lowerBound), range.upperBound)
      return ((inside - range.lowerBound) / (range.upperBound - range.lowerBound) * width).rounded()
    }
    for (index, bar) in bars.enumerated() {
      let y = top + row * Double(index)
      // Bars start at 0 and go to either side.
      let ends = [across(0), across(bar.value ?? 0)].sorted()
      text += ChartStyle.text(
        bar.label, x: left - 8, y: y + 14, style: style, anchor: "end", size: size, room: left - 14)
      text += "<rect class=\"track\" fill=\"#ececf0\" x=\"\(Int(left))\" y=\"\(Int(y + 3))\" width=\"\(Int(width))\" "
      text += "height=\"14\" rx=\"2\"/>\n"
      text += ChartStyle.series(
        bar.group % 3,
        "<rect class=\"bar\" fill=\"currentColor\" x=\"\(Int(left + ends[0]))\" y=\"\(Int(y + 3))\" "
          + "width=\"\(Int(ends[1] - ends[0]))\" height=\"14\" rx=\"2\"/>\n")
      text += ChartStyle.text(
        bar.value.map(format) ?? "undefined", x: left + width + 8, y: y + 14, style: style, size: size, room: right - 8)
    }
    return text + "</svg>\n"
  }
}
