import ArgumentParser
import Foundation
import Polyphony
import Torch

/// `polyphony demo`.
struct DemoCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Train on the handwritten numerals that come along, and show what each of their six modalities is worth.")

  @Option(help: ArgumentHelp("Where results go.", valueName: "folder"))
  var output = "runs/demo"

  @Option(help: ArgumentHelp("The numerals; found beside the program without this.", valueName: "folder"))
  var data: String?

  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var device: DeviceOptions

  func execute() throws {
    let place = try device.prepare()
    StopSignal.listen()
    let numerals = try data ?? EmbeddedData.numerals()
    var tree = try SettingsTree(yaml: Self.recipe, file: "demo")
    for assignment in recipe.overrides { try tree.override(assignment) }
    Terminal.note("Handwritten numerals seen in six ways: late fusion of six encoders, one number of ten to tell.")
    var run = TrainingRun(
      recipe: tree, data: numerals, output: output, existing: .overwrite, device: place,
      observers: { (name, folder) throws(Fault) in [TrainingDisplay(name: name)] + (try RunLogs.observers(folder)) })
    run.measuresModalities = true
    let (results, wasStopped) = try run.run()
    guard !wasStopped else { throw ExitCode(130) }

    let model = try ModelLoading.load("\(output)/model", adapter: nil, device: place)
    let test = try Dataset(numerals).labelled("test")
    let rows = try ModalitySubsets.scores(model, test, device: place)
    var table = TextTable([.init("modalities at test time"), .init("accuracy", .right), .init("weighted F1", .right)])
    for row in rows {
      table.append([row.name, percent(row.metrics["accuracy"]), percent(row.metrics["f1_weighted"])])
    }
    print(table.text(Terminal.glyphs))
    let bars = rows.map { row in
      let group = row.name == "all" ? 0 : row.name.hasPrefix("only") ? 1 : 2
      return BarChart.Bar(row.name, row.metrics["accuracy"], group: group)
    }
    let chart = BarChart("Test accuracy by modalities present", bars) { String(format: "%.1f %%", $0 * 100) }
    try AtomicFile.write(chart.svg, to: "\(output)/modalities.svg")
    try ResultsOutput(command: "demo", asJSON: false).write(results, to: output, data: [numerals], device: place)
    let report = try Report.write(folder: output)
    print("Chosen on validation, scored on test. The run lies in \(output), its picture in \(output)/modalities.svg.")
    print("What there is to say about it: \(report)")
  }

  private func percent(_ value: Double?) -> String { value.map { String(format: "%.1f %%", $0 * 100) } ?? "undefined" }

  /// Small enough for a minute on two cores.
  private static let recipe = """
    model: {architecture: late_fusion, width: 32, heads: 4, layers: 2, dropout: {embedding: 0.1}}
    training: {epochs: 25, batch_size: 32, learning_rate: 0.001, select: accuracy, schedule: cosine, warmup: 1}
    """
}
