/// Horizontal bars as a drawing in SVG: one row a value, its name before it and its number behind it.
///
/// Colours follow the reader's light or dark setting; nothing is loaded from anywhere.
public struct BarChart: Sendable {
  /// One bar.
  public struct Bar: Sendable {
    /// What stands before the bar.
    public var label: String
    /// Its length; nil draws none and says «undefined».
    public var value: Double?
    /// Bars of one group share a colour; there are three.
    public var group: Int

    /// A bar.
    public init(_ label: String, _ value: Double?, group: Int = 0) {
      (self.label, self.value, self.group) = (label, value, group)
    }
  }

  /// What stands above the bars.
  public var title: String
  /// The bars from top to bottom.
  public var bars: [Bar]
  /// The value of a bar over the whole width.
  public var maximum: Double
  /// How a value is written.
  public var format: @Sendable (Double) -> String

  /// A chart.
  public init(
    _ title: String, _ bars: [Bar], maximum: Double = 1, format: @escaping @Sendable (Double) -> String
  ) {
    (self.title, self.bars, self.maximum, self.format) = (title, bars, maximum, format)
  }

  /// The drawing.
  public var svg: String {
    let (row, top, left, width, right) = (22, 40, 170, 420, 80)
    let height = top + row * bars.count + 12
    let total = left + width + right
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(total) \(height)" width="\(total)" height="\(height)" role="img">
      <style>
      text { font: 13px system-ui, sans-serif; fill: #222 } .title { font-weight: 600 }
      .track { fill: #e8e8ee } .g0 { fill: #3b6fb6 } .g1 { fill: #c2703d } .g2 { fill: #4c9a6a }
      @media (prefers-color-scheme: dark) { text { fill: #ddd } .track { fill: #33343a } }
      </style>
      <text class="title" x="12" y="24">\(ChartStyle.escaped(title))</text>

      """
    for (index, bar) in bars.enumerated() {
      let y = top + row * index
      let share = min(max((bar.value ?? 0) / maximum, 0), 1)
      let length = Int((share * Double(width)).rounded())
      text += """
        <text x="\(left - 8)" y="\(y + 14)" text-anchor="end">\(ChartStyle.escaped(bar.label))</text>
        <rect class="track" x="\(left)" y="\(y + 3)" width="\(width)" height="14" rx="3"/>
        <rect class="g\(bar.group % 3)" x="\(left)" y="\(y + 3)" width="\(length)" height="14" rx="3"/>
        <text x="\(left + width + 8)" y="\(y + 14)">\(ChartStyle.escaped(bar.value.map(format) ?? "undefined"))</text>

        """
    }
    return text + "</svg>\n"
  }
}
