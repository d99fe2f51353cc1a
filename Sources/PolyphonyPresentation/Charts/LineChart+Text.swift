import Foundation

extension LineChart {
  /// Returns the lines as text for a terminal: letters for values, dots between them, a legend below.
  ///
  /// - Parameters:
  ///   - glyphs: the allowed characters.
  ///   - columns: the number of columns of the plot itself, without the axis.
  ///   - about: the approximate number of rows of the plot itself. The exact number puts every tick on a row.
  public func text(_ glyphs: GlyphSet = .unicode, columns: Int = 60, rows about: Int = 14) -> String {
    let points = series.flatMap(\.points).filter { $0.y?.isFinite == true }
    guard !points.isEmpty, columns > 1 else { return "" }
    let x = ChartScale(points.map(\.x), isLogarithmic: isLogarithmicX)
    let y = ChartScale(points.compactMap(\.y), isLogarithmic: isLogarithmicY, count: 4)
    let gaps = max(1, y.ticks.count - 1)
    let rows = max(1, about / gaps) * gaps + 1
    // The width spans the first to the last value, not the ticks beyond them.
    let ends = (points.map { x.share($0.x) }.min() ?? 0, points.map { x.share($0.x) }.max() ?? 1)
    let column = { (value: Double) in
      ends.1 > ends.0 ? Int(((x.share(value) - ends.0) / (ends.1 - ends.0) * Double(columns - 1)).rounded()) : 0
    }
    let row = { (value: Double) in Int(((1 - y.share(value)) * Double(rows - 1)).rounded()) }
    var plot = Array(repeating: Array(repeating: Character(" "), count: columns), count: rows)
    let dot: Character = glyphs == .unicode ? "·" : "."
    for line in series {
      for part in line.points.split(whereSeparator: { $0.y?.isFinite != true }).map(Array.init) {
        for (a, b) in zip(part, part.dropFirst()) {
          let (from, to) = (column(a.x), column(b.x))
          for place in from..<max(from, to) where to > from {
            let share = Double(place - from) / Double(to - from)
            plot[row(a.y! + (b.y! - a.y!) * share)][place] = dot
          }
        }
      }
    }
    // Later lines are drawn first, so that the earlier of two coinciding lines is visible.
    for (index, line) in series.enumerated().reversed() {
      for point in line.points {
        if let value = point.y, value.isFinite { plot[row(value)][column(point.x)] = mark(index) }
      }
    }
    let labels = Dictionary(y.ticks.map { (row($0), y.text($0)) }, uniquingKeysWith: { a, _ in a })
    let margin = max(labels.values.map(\.count).max() ?? 0, 5)
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    let (bar, corner, dash) = glyphs == .unicode ? ("┤", "└", "─") : ("|", "+", "-")
    var lines = [yTitle]
    for (index, cells) in plot.enumerated() {
      let label = labels[index] ?? ""
      let text = "\(padded(label, margin)) \(label.isEmpty && glyphs == .unicode ? "│" : bar)\(String(cells))"
      lines.append(String(text.reversed().drop { $0 == " " }.reversed()))
    }
    lines.append(padded("", margin) + " " + corner + String(repeating: dash, count: columns))
    lines.append(padded("", margin + 2) + axis(points.map(\.x), column, columns))
    lines.append(padded("", margin + 2) + xTitle)
    for (index, line) in series.enumerated() { lines.append(padded("", margin + 2) + "\(mark(index)) \(line.name)") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Returns the values under the axis, as far as they fit.
  private func axis(_ values: [Double], _ column: (Double) -> Int, _ columns: Int) -> String {
    var text = Array(repeating: Character(" "), count: columns + 8)
    var free = 0
    for value in Set(values).sorted() {
      let label = Array(String(format: "%g", value))
      let start = column(value)
      guard start >= free, start + label.count <= text.count else { continue }
      text.replaceSubrange(start..<(start + label.count), with: label)
      free = start + label.count + 1
    }
    return String(String(text).reversed().drop { $0 == " " }.reversed())
  }

  /// Returns the letter of a line: A, B, …, Z, a, b, …
  private func mark(_ index: Int) -> Character {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    return letters[index % letters.count]
  }
}
