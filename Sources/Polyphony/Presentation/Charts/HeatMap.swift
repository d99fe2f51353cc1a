/// A table of numbers as a coloured drawing in SVG, such as scores by shift and method.
public struct HeatMap: Sendable {
  /// What stands above it.
  public var title: String
  /// Names of the rows.
  public var rows: [String]
  /// Names of the columns.
  public var columns: [String]
  /// The numbers, row by row; nil is undefined and has no colour.
  public var values: [[Double?]]
  /// The number that has no colour; above it is blue, below orange. Nil colours from the least number on.
  public var middle: Double?
  /// Whether more is better; where not, colours change sides.
  public var higherIsBetter = true
  /// How a number is written.
  public var format: @Sendable (Double) -> String

  /// A map.
  public init(
    _ title: String, rows: [String], columns: [String], values: [[Double?]], middle: Double? = nil,
    format: @escaping @Sendable (Double) -> String
  ) {
    (self.title, self.rows, self.columns, self.values) = (title, rows, columns, values)
    (self.middle, self.format) = (middle, format)
  }

  /// The drawing.
  public var svg: String {
    let (left, top, width, height) = (150, 64, 84, 26)
    let finite = values.joined().compactMap(\.self)
    let centre = middle ?? finite.min() ?? 0
    let reach = max(finite.map { abs($0 - centre) }.max() ?? 0, 1e-12)
    var text = ChartStyle.opening(
      title, width: left + width * columns.count + 16, height: top + height * rows.count + 16)
    for (index, name) in columns.enumerated() {
      let middle = left + width * index + width / 2
      text += "<text class=\"small\" x=\"\(middle)\" y=\"\(top - 8)\" text-anchor=\"middle\">"
      text += "\(ChartStyle.escaped(name))</text>\n"
    }
    for (index, name) in rows.enumerated() {
      let y = top + height * index
      text += "<text class=\"small\" x=\"\(left - 8)\" y=\"\(y + 17)\" text-anchor=\"end\">"
      text += "\(ChartStyle.escaped(name))</text>\n"
      for (column, value) in values[index].enumerated() {
        let x = left + width * column
        if let value {
          let isGood = (value >= centre) == higherIsBetter
          text += """
            <rect x="\(x + 1)" y="\(y + 1)" width="\(width - 2)" height="\(height - 2)" rx="3" \
            fill="\(ChartStyle.colour(isGood ? 0 : 1))" fill-opacity="\(ChartStyle.place(0.65 * abs(value - centre) / reach))"/>

            """
        }
        text += "<text class=\"small\" x=\"\(x + width / 2)\" y=\"\(y + 17)\" text-anchor=\"middle\">"
        text += "\(ChartStyle.escaped(value.map(format) ?? "undefined"))</text>\n"
      }
    }
    return text + "</svg>\n"
  }
}
