import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The shared options of `run` and `compare`.
struct PipelineOptions: ParsableArguments {
  /// The commands with these options.
  static let commands = ["run", "compare"]

  @Option(help: ArgumentHelp("Where everything goes.", valueName: "folder"), completion: .directory)
  var output: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Overrides one key of the recipe, such as stages.1.tune.training.epochs=4; may be repeated.",
      valueName: "key=value"))
  var overrides: [String] = []

  @Option(
    help: ArgumentHelp(
      "How many processes compute different methods and seeds at the same time. They share the cores.",
      valueName: "count"))
  var processes = 1

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  func validate() throws { try LaunchCommand.check(processes: processes) }

  /// Reads the recipe and makes the folder. Logs go to standard error.
  func prepare(_ file: String, _ form: PipelineRecipe.Form, command: String) throws -> (Pipeline, ResultsOutput) {
    let place = try begin()
    var pipeline = try Pipeline(try recipe(file, form), output: output)
    pipeline.device = place
    pipeline.watch.training = { [TrainingDisplay(name: $0)] }
    pipeline.watch.adaptation = { [AdaptationDisplay(name: $0, isOnline: $1)] }
    pipeline.watch.note = { Terminal.note($0) }
    return (pipeline, ResultsOutput(command: command, asJSON: json))
  }

  /// Reads the recipe for a worker. The command that started it has made the folder.
  func part(in file: String, _ form: PipelineRecipe.Form) throws -> Pipeline {
    let place = try begin()
    var pipeline = Pipeline(try recipe(file, form), sharing: output)
    pipeline.device = place
    return pipeline
  }

  /// Lets several processes compute what is not finished, if the user asks for that.
  func share(_ pipeline: inout Pipeline, _ file: String) throws {
    guard processes > 1 else { return }
    var status = stat()
    guard stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Fault(
        .usage, "several processes read the recipe, and it can be read once", file: file, expected: "a regular file",
        remedy: "write the recipe to a file, or use one process")
    }
    var team = try CellTeam(pipeline, processes: processes)
    guard team.isOfUse else { return }
    try team.run()
    // The processes have said what they did.
    pipeline.watch.note = { _ in }
  }

  /// Writes and prints the results.
  func finish(_ report: PipelineOutcome, of pipeline: Pipeline, _ printer: ResultsOutput) throws {
    try pipeline.keep(report, in: output, by: printer)
    try printer.print(report.results)
  }

  /// Loads libtorch with this process's share of the threads, and listens to requests to stop.
  private func begin() throws -> Device {
    let place = try device.prepare()
    let given = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] ?? ""
    if processes > 1, device.threads == 0, given.isEmpty {
      Libtorch.threadCount = RankEnvironment.threads(cores: Libtorch.threadCount, processes: processes)
    }
    StopSignal.listen()
    return place
  }

  /// Reads the recipe with the overrides.
  private func recipe(_ file: String, _ form: PipelineRecipe.Form) throws -> PipelineRecipe {
    var tree = try SettingsTree(contentsOf: file)
    for assignment in overrides { try tree.override(assignment) }
    return try PipelineRecipe(tree, form)
  }
}
