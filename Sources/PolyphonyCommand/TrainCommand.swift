import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony train`.
struct TrainCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract:
      "Train a model on a data set folder, choose the best epoch on the validation split, report the test split.",
    discussion: """
      One strategy and one seed leave OUTPUT/model (the chosen model), OUTPUT/checkpoint (where --resume goes on), \
      OUTPUT/metrics.jsonl, TensorBoard events and the resolved recipe. Several get a folder each below OUTPUT.

      Example: polyphony train --data Data/numerals --architecture late_fusion --output runs/numerals --seeds 5
      """)

  @Option(help: ArgumentHelp("The data set folder.", valueName: "folder"), completion: .directory)
  var data: String

  @Option(
    help: ArgumentHelp("The backbone: \(Architectures.names.joined(separator: ", ")).", valueName: "name"),
    completion: .list(Architectures.names))
  var architecture: String?

  @Option(help: ArgumentHelp("Where results go.", valueName: "folder"), completion: .directory)
  var output: String

  @Option(
    help: ArgumentHelp(
      "Balancing strategies, separated by commas: \(BalancingMethods.names.joined(separator: ", ")).",
      valueName: "names"), completion: .list(BalancingMethods.names))
  var balance = "joint"

  @OptionGroup var seeds: SeedOptions
  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var existing: ExistingOptions
  @OptionGroup var checks: CheckOptions
  @OptionGroup var device: DeviceOptions

  @Flag(help: "Also tells what each modality is worth to the models: alone, left out, Shapley value, linear probe.")
  var perModality = false

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  var checksAnew: Bool { checks.verify }

  var inputs: [CommandInput] { [.data(data)] }

  func execute() throws {
    let place = try device.prepare()
    var tree = try recipe.tree()
    if let architecture { try tree.override("model.architecture", with: architecture, option: "--architecture") }
    StopSignal.listen()
    var life = TrainLife(
      recipe: tree, data: data, methods: balance.split(separator: ",").map(String.init), device: place)
    life.measuresModalities = perModality
    let command = GridCommand(
      name: "train", product: "model", output: output, data: data, seeds: seeds.all, existing: existing.existing,
      device: place, asJSON: json)
    try command.run(life) { (name, counter, folder) throws(Fault) in
      [TrainingDisplay(name: name, counter: counter)] + (try RunLogs.observers(folder))
    }
  }
}
