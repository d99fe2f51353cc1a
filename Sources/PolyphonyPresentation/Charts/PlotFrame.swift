/// The axes, grid, titles and legend of a plot over two numbers.
struct PlotFrame {
  let title: String
  let xTitle: String
  let yTitle: String
  let x: ChartScale
  let y: ChartScale
  /// The names of series. Their positions determine colours and forms.
  let legend: [String]
  var layout = ChartLayout.alone
  /// The space that marks need to the right of a plot without a legend.
  var margin = 24.0

  private var right: Double { layout == .alone ? margin : 14 }
  private var left: Double {
    let widest = y.ticks.map { ChartText.width(y.text($0)) }.max() ?? 0
    return max(layout == .alone ? 64 : 44, (widest + 28).rounded())
  }
  private var top: Double { layout == .alone ? 44 : 12 }
  private var width: Double { layout == .alone ? 420 : 350 - left - 14 }
  private var height: Double { layout == .alone ? 240 : 180 }
  private var legendLeft: Double { left + width + 22 }
  private static let legendRoom = 150.0

  /// Returns the position of a pair of values in the drawing.
  func place(_ horizontal: Double, _ vertical: Double) -> (x: Double, y: Double) {
    (left + x.share(horizontal) * width, top + (1 - y.share(vertical)) * height)
  }

  /// The left and right ends of the space for marks and their names.
  var room: ClosedRange<Double> { left...(left + width + right - 2) }
  /// The upper and lower ends of the plot.
  var span: ClosedRange<Double> { top...(top + height) }

  /// Returns the whole drawing around some marks.
  func svg(_ marks: String) -> String {
    let legend = placedLegend
    let isBeside = layout == .alone && !self.legend.isEmpty
    let total = left + width + (isBeside ? Self.legendRoom + 44 : right)
    let lowest = (legend.map(\.y).max() ?? 0) + 14
    return ChartStyle.opening(
      title, width: Int(total), height: Int(max(top + height + 46, lowest + 4)), layout) + grid + titles
      + legend.map { entry in
        ChartStyle.series(entry.index, ChartStyle.mark(entry.index, entry.x + 6, entry.y + 6, 4.5))
          + ChartStyle.text(self.legend[entry.index], x: entry.x + 18, y: entry.y + 10, room: Self.legendRoom)
      }.joined() + marks + "</svg>\n"
  }

  private var grid: String {
    let place = ChartStyle.place
    var text = ""
    for tick in y.ticks {
      let level = top + (1 - y.share(tick)) * height
      text += "<line class=\"grid\" stroke=\"#e3e3ea\" x1=\"\(place(left))\" x2=\"\(place(left + width))\" "
      text += "y1=\"\(place(level))\" y2=\"\(place(level))\"/>\n"
      text += ChartStyle.text(y.text(tick), x: left - 6, y: level + 4, anchor: "end")
    }
    var free = -Double.infinity
    for tick in x.ticks {
      let across = left + x.share(tick) * width
      text += "<line class=\"grid\" stroke=\"#e3e3ea\" x1=\"\(place(across))\" x2=\"\(place(across))\" "
      text += "y1=\"\(place(top))\" y2=\"\(place(top + height))\"/>\n"
      // A tick has no number if the number would touch its neighbour's.
      let half = ChartText.width(x.text(tick)) / 2
      guard across - half >= free else { continue }
      free = across + half + 6
      text += ChartStyle.text(x.text(tick), x: across, y: top + height + 16, anchor: "middle")
    }
    return text
  }

  private var titles: String {
    let place = ChartStyle.place
    let middle = place(top + height / 2)
    return "<path class=\"axis\" stroke=\"#888\" fill=\"none\" "
      + "d=\"M\(place(left)) \(place(top))V\(place(top + height))H\(place(left + width))\"/>\n"
      + ChartStyle.text(
        xTitle, x: left + width / 2, y: top + height + 36, anchor: "middle", room: width)
      + ChartStyle.text(
        yTitle, x: 12, y: top + height / 2, anchor: "middle", room: height, turn: "rotate(-90 12 \(middle))")
  }

  /// The position of each name of the legend, beside the plot or in rows below it.
  private var placedLegend: [(index: Int, x: Double, y: Double)] {
    if layout == .alone { return legend.indices.map { ($0, legendLeft, top + Double($0) * 18) } }
    var (across, level) = (12.0, top + height + 48)
    return legend.indices.map { index in
      let needed = 18 + min(ChartText.width(legend[index]), Self.legendRoom) + 12
      if across + needed > left + width + 14, across > 12 { (across, level) = (12.0, level + 18) }
      defer { across += needed }
      return (index, across, level)
    }
  }
}
