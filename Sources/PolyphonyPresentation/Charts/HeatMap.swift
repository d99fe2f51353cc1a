import Foundation

/// A table of numbers as a coloured drawing in SVG, such as scores by shift and method.
///
/// ```swift
/// let map = HeatMap(
///   "accuracy under shift", rows: ["noise", "blur"], columns: ["none", "tent", "casp"],
///   values: [[0.61, 0.64, 0.70], [0.58, nil, 0.66]]
/// ) { String(format: "%.2f", $0) }
/// try AtomicFile.write(map.svg, to: "shifts.svg")
/// ```
public struct HeatMap: Sendable {
  /// The title above the map.
  public var title: String
  /// The names of the rows.
  public var rows: [String]
  /// The names of the columns.
  public var columns: [String]
  /// The numbers, row by row. A nil value is undefined and has no colour.
  public var values: [[Double?]]
  /// The number without colour. Numbers above it are blue, and numbers below it are orange.
  ///
  /// If it is nil, the colours start at the smallest number.
  public var middle: Double?
  /// True if higher numbers are better. Otherwise the two colours change places.
  public var higherIsBetter = true
  /// The function that writes a number as text.
  public var format: @Sendable (Double) -> String

  /// Makes a map.
  public init(
    _ title: String, rows: [String], columns: [String], values: [[Double?]], middle: Double? = nil,
    format: @escaping @Sendable (Double) -> String
  ) {
    (self.title, self.rows, self.columns, self.values) = (title, rows, columns, values)
    (self.middle, self.format) = (middle, format)
  }

  /// The distance from ``middle`` at which the colour is fullest. The default is the largest distance of any number.
  ///
  /// Readers can compare maps with equal reach.
  public var reach: Double?

  /// The drawing as an SVG document.
  public var svg: String { drawing(.alone) }

  /// Returns the drawing for a layout.
  package func drawing(_ layout: ChartLayout) -> String {
    let texts = values.map { $0.map { $0.map(format) ?? "undefined" } }
    let widest = (texts.joined() + columns).map { ChartText.width($0) }.max() ?? 0
    let width = min(max(widest + 10, layout == .alone ? 84 : 44), 110).rounded()
    let left = min(max((rows.map { ChartText.width($0) }.max() ?? 0) + 16, layout == .alone ? 150 : 40), 190).rounded()
    let (top, height) = (layout == .alone ? 64.0 : 22.0, 26.0)
    let finite = values.joined().compactMap(\.self).filter(\.isFinite)
    let centre = middle ?? finite.min() ?? 0
    let reach = max(self.reach ?? finite.map { abs($0 - centre) }.max() ?? 0, 1e-12)
    var text = ChartStyle.opening(
      title, width: Int(left + width * Double(columns.count) + 8), height: Int(top + height * Double(rows.count) + 6),
      layout)
    for (index, name) in columns.enumerated() {
      text += ChartStyle.text(
        name, x: left + width * (Double(index) + 0.5), y: top - 8, anchor: "middle", room: width - 4)
    }
    for (index, name) in rows.enumerated() {
      let y = top + height * Double(index)
      text += ChartStyle.text(name, x: left - 8, y: y + 17, anchor: "end", room: left - 12)
      for (column, value) in values[index].enumerated() {
        let x = left + width * Double(column)
        if let value, value.isFinite {
          let isGood = (value >= centre) == higherIsBetter
          let share = min(1, abs(value - centre) / reach)
          text += ChartStyle.series(
            isGood ? 0 : 1,
            "<rect fill=\"currentColor\" fill-opacity=\"\(String(format: "%.2f", 0.6 * share))\" "
              + "x=\"\(ChartStyle.place(x + 1))\" y=\"\(ChartStyle.place(y + 1))\" width=\"\(ChartStyle.place(width - 2))\" "
              + "height=\"\(ChartStyle.place(height - 2))\" rx=\"2\"/>\n")
        }
        text += ChartStyle.text(texts[index][column], x: x + width / 2, y: y + 17, anchor: "middle", room: width - 2)
      }
    }
    return text + "</svg>\n"
  }
}
