import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony run`.
struct RunCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a recipe of several stages: train, tune and adapt one model, then score it.",
    discussion: """
      Every stage lies in OUTPUT/stages, in a folder named by the hash of its settings, seed and data and of what it starts \
      from. A finished stage is not done again, a killed one goes on: the same command again ends with the same bits, and \
      a changed setting costs the stages from there on. OUTPUT/model and OUTPUT/adapter (over several seeds \
      OUTPUT/seed-0/model, …) are what comes of it, for evaluate and predict.

      Example: polyphony run Recipes/four-lives.yaml --output runs/four-lives
      """)

  @Argument(
    help: ArgumentHelp("The recipe in YAML, with `data`, `stages` and, where wanted, `seeds` and `evaluate`."),
    completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

  @OptionGroup var options: PipelineOptions

  func execute() throws {
    let (pipeline, printer) = try options.prepare(recipe, .single, command: "run")
    let seeds = pipeline.recipe.seeds
    let report = try pipeline.run { (seed, model, adapter) throws(Fault) in
      let place = seeds.count == 1 ? options.output : "\(options.output)/seed-\(seed)"
      _ = try RunFolder(place, existing: .resume)
      if pipeline.recipe.model == nil { try AtomicFolder.copy(model, to: "\(place)/model", replacing: .model) }
      if let adapter { try AtomicFolder.copy(adapter, to: "\(place)/adapter", replacing: .adapter) }
    }
    try options.finish(report, of: pipeline, printer)
  }
}

/// The shared options of `run` and `compare`.
struct PipelineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where everything goes.", valueName: "folder"), completion: .directory)
  var output: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Overrides one key of the recipe, such as stages.1.tune.training.epochs=4; may be repeated.",
      valueName: "key=value"))
  var overrides: [String] = []

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  /// Reads the recipe and makes the folder. Logs go to standard error.
  func prepare(_ file: String, _ form: PipelineRecipe.Form, command: String) throws -> (Pipeline, ResultsOutput) {
    let place = try device.prepare()
    StopSignal.listen()
    var tree = try SettingsTree(contentsOf: file)
    for assignment in overrides { try tree.override(assignment) }
    var pipeline = try Pipeline(try PipelineRecipe(tree, form), output: output)
    pipeline.device = place
    pipeline.watch.training = { [TrainingDisplay(name: $0)] }
    pipeline.watch.adaptation = { [AdaptationDisplay(name: $0, isOnline: $1)] }
    pipeline.watch.note = { Terminal.note($0) }
    return (pipeline, ResultsOutput(command: command, asJSON: json))
  }

  /// Writes and prints the results.
  func finish(_ report: PipelineOutcome, of pipeline: Pipeline, _ printer: ResultsOutput) throws {
    try pipeline.keep(report, in: output, by: printer)
    try printer.print(report.results)
  }
}
