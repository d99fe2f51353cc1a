import ArgumentParser
import Polyphony
import PolyphonyReports
import Torch

/// The command `polyphony demo`.
struct DemoCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract:
      "One model, four lives on the handwritten numerals that come along, each against what it is to improve on.",
    discussion: """
      Trained in balance against jointly; tuned with a hundredth of the parameters against all of them; prompts for missing \
      modalities against zeros; adapted to a corruption without labels against left alone. It is `polyphony compare \
      Recipes/demo.yaml`: every figure comes from runs on this machine, over seeds, on the test split. About two minutes on \
      two cores.

      Ctrl-C stops; the same command goes on where it stopped, and one that has ended only shows its table again. The last \
      line is the path of the report.
      """)

  @Option(help: ArgumentHelp("Where results go.", valueName: "folder"), completion: .directory)
  var output = "runs/demo"

  @Option(
    help: ArgumentHelp("The numerals; found beside the program without this.", valueName: "folder"),
    completion: .directory)
  var data: String?

  @Option(
    help: ArgumentHelp("How many seeds, from 0 on; one alone cannot be tested for significance.", valueName: "count"))
  var seeds: Int?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Overrides one key of Recipes/demo.yaml; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  @OptionGroup var device: DeviceOptions

  func validate() throws {
    if let seeds { try checkCounts([("--seeds", seeds)]) }
  }

  func execute() throws {
    let place = try device.prepare()
    StopSignal.listen()
    var tree = try SettingsTree(contentsOf: EmbeddedData.demo())
    tree.set("data", to: SettingsScalar(try data ?? EmbeddedData.numerals(), isPlain: false), option: "--data")
    if let seeds { tree.set("seeds", to: SettingsScalar("\(seeds)"), option: "--seeds") }
    for assignment in overrides { try tree.override(assignment) }
    var pipeline = try Pipeline(try PipelineRecipe(tree, .comparison), output: output)
    pipeline.device = place
    // A line per epoch would print hundreds of lines. A bar does not disturb.
    if Terminal.isInteractive { pipeline.watch.training = { [TrainingDisplay(name: $0)] } }
    pipeline.watch.note = { Terminal.note($0) }
    try pipeline.index().write(to: output)

    try pipeline.keep(try pipeline.run(), in: output, by: ResultsOutput(command: "demo", asJSON: false))
    let report = try Report.leave(in: output)

    try StandardOutput.print(
      "One model, four lives on handwritten numerals seen in six ways. Test \(report.contrasts?.title ?? "").\n")
    if let contrasts = report.contrasts { try ResultsOutput.print(contrasts) }
    try StandardOutput.print(report.standardFile)
  }
}
