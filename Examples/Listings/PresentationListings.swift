import Foundation
import Polyphony

/// The listings in the comments of `PolyphonyPresentation`, compiled.
public enum PresentationListings {
  /// Prints a table in every form.
  public static func table() {
    var table = TextTable([.init("method"), .init("accuracy", .right)])
    table.append(["joint", "0.781"])
    table.append(["cggm", "0.812"])
    print(table.text(), table.markdown(), table.csv(), table.latex())
  }

  /// Shows the progress of a training.
  public static func progress() {
    let output = ProgressDisplay.Output(
      isTerminal: false, width: { 80 }, now: { ProcessInfo.processInfo.systemUptime },
      write: { print($0, terminator: "") })
    let display = ProgressDisplay(output)
    display.update(TrainingProgress(epoch: 1, epochs: 30, step: 12, steps: 40, loss: 0.43))
    display.finishEpoch(TrainingProgress(epoch: 1, epochs: 30, step: 40, steps: 40, loss: 0.41))
  }

  /// Counts runs.
  public static func runs() {
    let counter = RunCounter(methods: 2, seeds: 5)
    print(counter.heading ?? "")  // 10 runs: 2 methods × 5 seeds
    print(counter.begin("joint, seed 0"))  // joint, seed 0 (run 1 of 10)
    print(counter.estimate(secondsPerRun: 120) ?? "")  // all 10 runs take about 20:00
  }

  /// Draws bars.
  public static func bars() throws(Fault) {
    let chart = BarChart("Shapley values", [.init("text", 0.31), .init("audio", 0.08), .init("video", nil)]) {
      String(format: "%.2f", $0)
    }
    try AtomicFile.write(chart.svg, to: "shapley.svg")
  }

  /// Draws a map.
  public static func map() throws(Fault) {
    let map = HeatMap(
      "accuracy under shift", rows: ["noise", "blur"], columns: ["none", "tent", "casp"],
      values: [[0.61, 0.64, 0.70], [0.58, nil, 0.66]]
    ) { String(format: "%.2f", $0) }
    try AtomicFile.write(map.svg, to: "shifts.svg")
  }

  /// Draws an image with its masks.
  public static func mask() throws(Fault) {
    let drawing = MaskDrawing(
      "slice 12", width: 3, pixels: [0, 90, 255, 0, 90, 255], truth: [0, 1, 1, 0, 1, 1], prediction: [0, 0, 1, 0, 0, 1])
    try AtomicFile.write(drawing.svg, to: "slice.svg")
  }

  /// Draws lines.
  public static func lines() throws(Fault) {
    let prompts = LineChart.Series("prompts", [.init(0, 0.81, spread: 0.01), .init(0.3, 0.77), .init(0.6, nil)])
    let chart = LineChart("Missing data", x: "missing rate", y: "accuracy", [prompts])
    try AtomicFile.write(chart.svg, to: "missing.svg")
    print(chart.text())
  }

  /// Draws points and their Pareto front.
  public static func points() throws(Fault) {
    let chart = ScatterChart(
      "Cost and score", x: "seconds per step", y: "accuracy",
      [.init("joint", 0.11, 0.78), .init("cggm", 0.14, 0.81, spread: 0.01), .init("ogm_ge", 0.15, 0.79)])
    print(chart.front.map(\.name))  // ["joint", "cggm"]
    try AtomicFile.write(chart.svg, to: "cost.svg")
  }

  /// Draws predicted against true values.
  public static func predictions() throws(Fault) {
    let chart = PredictionChart("Test split", [(target: 1.0, prediction: 0.8), (target: -0.5, prediction: -0.4)])
    try AtomicFile.write(chart.svg, to: "predictions.svg")
  }

  /// Draws a reliability diagram.
  public static func reliability() throws(Fault) {
    let chart = ReliabilityChart("Reliability", [.init(count: 40, confidence: 0.3, accuracy: 0.4), nil, nil])
    try AtomicFile.write(chart.svg, to: "reliability.svg")
  }
}
