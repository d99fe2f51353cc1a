/// Metrics in the text form of Prometheus, version 0.0.4.
struct MetricsText {
  /// A label's name and value.
  typealias Labels = [(name: String, value: String)]

  private(set) var text = ""

  /// Writes a metric with a value for each set of labels. One without values is left out.
  mutating func add(_ name: String, _ kind: String, _ help: String, _ values: [(labels: Labels, value: Double)]) {
    guard !values.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    for (labels, value) in values { line(name, labels, value) }
  }

  /// Writes a histogram for each set of labels.
  mutating func add(_ name: String, _ help: String, _ histograms: [(labels: Labels, value: Histogram)]) {
    guard !histograms.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
    for (labels, histogram) in histograms {
      var count = 0
      for (place, own) in histogram.counts.enumerated() {
        count += own
        let bound = place < histogram.bounds.count ? Self.number(histogram.bounds[place]) : "+Inf"
        line("\(name)_bucket", labels + [("le", bound)], Double(count))
      }
      line("\(name)_sum", labels, histogram.sum)
      line("\(name)_count", labels, Double(count))
    }
  }

  private mutating func line(_ name: String, _ labels: Labels, _ value: Double) {
    let list = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
    text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
  }

  private static func number(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
  }

  private static func escaped(_ text: String) -> String {
    let signs: [Character: String] = ["\\": "\\\\", "\"": "\\\"", "\n": "\\n"]
    return text.map { signs[$0] ?? String($0) }.joined()
  }
}
