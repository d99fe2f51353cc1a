/// Axes, grid, titles and legend of a plot over two numbers.
struct PlotFrame {
  let title: String
  let xTitle: String
  let yTitle: String
  let x: ChartScale
  let y: ChartScale
  /// Names of series, whose colours are those of their places.
  let legend: [String]

  private let left = 64.0
  private let top = 44.0
  private let width = 420.0
  private let height = 240.0
  private var legendLeft: Double { left + width + 22 }

  /// Where a pair of values lies in the drawing.
  func place(_ horizontal: Double, _ vertical: Double) -> (x: Double, y: Double) {
    (left + x.share(horizontal) * width, top + (1 - y.share(vertical)) * height)
  }

  /// The whole drawing around some marks.
  /// - Parameter right: what the marks need to the right of the plot, beside the legend.
  func svg(_ marks: String, right: Double = 0) -> String {
    let place = ChartStyle.place
    let total = Int(left + width + max(right, legend.isEmpty ? 24 : 190))
    let bottom = max(top + height + 52, top + Double(legend.count) * 18 + 16)
    var text = ChartStyle.opening(title, width: total, height: Int(bottom))
    for tick in y.ticks {
      let level = place(top + (1 - y.share(tick)) * height)
      text += """
        <line class="grid" x1="\(place(left))" x2="\(place(left + width))" y1="\(level)" y2="\(level)"/>
        <text class="small" x="\(place(left - 6))" y="\(level)" dy="4" text-anchor="end">\(y.text(tick))</text>

        """
    }
    for tick in x.ticks {
      let across = place(left + x.share(tick) * width)
      text += """
        <line class="grid" x1="\(across)" x2="\(across)" y1="\(place(top))" y2="\(place(top + height))"/>
        <text class="small" x="\(across)" y="\(place(top + height + 16))" text-anchor="middle">\(x.text(tick))</text>

        """
    }
    let middle = place(top + height / 2)
    text += """
      <path class="axis" fill="none" d="M\(place(left)) \(place(top))V\(place(top + height))H\(place(left + width))"/>
      <text class="small" x="\(place(left + width / 2))" y="\(place(top + height + 38))" text-anchor="middle">\
      \(ChartStyle.escaped(xTitle))</text>
      <text class="small" x="14" y="\(middle)" text-anchor="middle" transform="rotate(-90 14 \(middle))">\
      \(ChartStyle.escaped(yTitle))</text>

      """
    for (index, name) in legend.enumerated() {
      let level = top + Double(index) * 18
      text += """
        <rect x="\(place(legendLeft))" y="\(place(level))" width="12" height="12" rx="2" fill="\(ChartStyle.colour(index))"/>
        <text class="small" x="\(place(legendLeft + 18))" y="\(place(level + 10))">\(ChartStyle.escaped(name))</text>

        """
    }
    return text + marks + "</svg>\n"
  }
}
