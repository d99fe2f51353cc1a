import Foundation
import Polyphony
import Torch

/// Measurements over one variable, as a table, as fits, as drawings and as JSON.
struct ScalingGrowth {
  /// The name of the variable.
  let variable: String
  /// The names of the fixed quantities.
  let fixed: String
  let points: [FusionScaling.Point]
  /// Returns the variable's value at a point.
  let value: (FusionScaling.Point) -> Double

  func text(_ glyphs: GlyphSet) -> String {
    var table = TextTable([
      .init("fusion, \(fixed)"), .init(variable, .right), .init("parameters", .right), .init("step", .right),
      .init("memory", .right),
    ])
    for point in points {
      table.append([
        point.form.rawValue, "\(Int(value(point)))",
        String(format: point.parameters < 1e9 ? "%.0f" : "%.2g", point.parameters),
        point.seconds.map { String(format: "%.2f ms", $0 * 1000) } ?? "does not fit",
        point.peakMemory.map { String(format: "%.0f MiB", Double($0) / 1_048_576) } ?? "",
      ])
    }
    return table.text(glyphs, width: Terminal.tableWidth)
  }

  /// Describes the power by which each form's parameters and time grow, and the straightness of the lines.
  func fits(_ glyphs: GlyphSet) -> String {
    var table = TextTable([
      .init("grows with \(variable)"), .init("parameters: power", .right), .init("straightness R²", .right),
      .init("time: power", .right), .init("straightness R²", .right),
    ])
    for form in FusionScaling.Form.allCases {
      table.append(
        [form.rawValue]
          + [curve(form, \.parameters), curve(form) { $0.seconds }].flatMap { points in
            [FusionScaling.exponent(points), FusionScaling.linearity(points)].map { number in
              number.map { String(format: "%.3f", $0) } ?? "too few points"
            }
          })
    }
    return table.text(glyphs, width: Terminal.tableWidth)
  }

  /// Draws parameters and time over the variable, both on logarithmic axes. A straight line is a power.
  func draw(in folder: String) throws(Fault) {
    for (name, title, quantity) in [
      ("parameters", "trained parameters", { (point: FusionScaling.Point) in Optional(point.parameters) }),
      ("time", "step in ms", { (point: FusionScaling.Point) in point.seconds.map { $0 * 1000 } }),
    ] {
      let series = FusionScaling.Form.allCases.map { form in
        LineChart.Series(form.rawValue, curve(form, quantity).map { .init($0.x, $0.y) })
      }.filter { !$0.points.isEmpty }
      var chart = LineChart("\(title.capitalizedFirst) over \(variable), \(fixed)", x: variable, y: title, series)
      (chart.isLogarithmicX, chart.isLogarithmicY) = (true, true)
      try AtomicFile.write(chart.svg, to: "\(folder)/\(name)-over-\(variable).svg")
    }
  }

  var rows: [OrderedJSON] {
    points.map { point in
      [
        "fusion": .string(point.form.rawValue), "modalities": .integer(point.modalities),
        "length": .integer(point.length), "parameters": .number(point.parameters),
        "seconds_per_step": point.seconds.map { .number($0) } ?? .null,
        "peak_memory": point.peakMemory.map { .integer($0) } ?? .null,
      ]
    }
  }

  private func curve(
    _ form: FusionScaling.Form, _ quantity: (FusionScaling.Point) -> Double?
  ) -> [(x: Double, y: Double)] {
    points.filter { $0.form == form }.compactMap { point in quantity(point).map { (value(point), $0) } }
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
