import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony tune`.
struct TuneCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Train a small part of a model, or a part beside it; the base stays as it is.",
    discussion: """
      One method and one seed leave OUTPUT/adapter (what was trained) and OUTPUT/checkpoint (where --resume goes on). \
      Several get a folder each below OUTPUT. evaluate and predict take --model and --adapter. The adapters of lora and \
      ia3 are those of Hugging Face's PEFT, and --adapter takes what PEFT has trained.

      Example: polyphony tune --model runs/base/model --data Data/numerals --method lora,wander --output runs/tuned
      """)

  @Option(
    help: ArgumentHelp(
      "The base model's folder; or the output of a run over seeds, of which each seed tunes its own.",
      valueName: "folder"), completion: .directory)
  var model: String

  @Option(
    help: ArgumentHelp(
      "An adapter that the model carries already, or a run over seeds; the new one stands on it.", valueName: "folder"),
    completion: .directory)
  var adapter: String?

  @Option(help: ArgumentHelp("The data set folder.", valueName: "folder"), completion: .directory)
  var data: String

  @Option(
    help: ArgumentHelp(
      "Methods, separated by commas: \(TuningMethods.names.joined(separator: ", ")).", valueName: "names"),
    completion: .list(TuningMethods.names))
  var method: String

  @Option(help: ArgumentHelp("Where results go.", valueName: "folder"), completion: .directory)
  var output: String

  @Option(help: MissingOption.help, completion: MissingOption.completion)
  var missing: String?

  @OptionGroup var seeds: SeedOptions
  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var existing: ExistingOptions
  @OptionGroup var checks: CheckOptions
  @OptionGroup var device: DeviceOptions

  @Flag(help: "Also writes OUTPUT/model: base and adapter folded into one, for methods that allow it.")
  var merge = false

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  func validate() throws {
    guard !merge || (method.split(separator: ",").count == 1 && seeds.all.count == 1) else {
      throw ValidationError("--merge takes one method and one seed.")
    }
  }

  var checksAnew: Bool { checks.verify }

  var inputs: [CommandInput] { [.model(model), .data(data)] + (adapter.map { [.adapter($0)] } ?? []) }

  func execute() throws {
    let place = try device.prepare()
    StopSignal.listen()
    var life = TuneLife(
      model: model, adapter: adapter, recipe: try recipe.tree(), data: .folder(data),
      methods: method.split(separator: ",").map(String.init), device: place)
    life.condition.missing = try MissingOption.read(missing)
    let command = GridCommand(
      name: "tune", product: "adapter", output: output, data: data, base: model, seeds: seeds.all,
      existing: existing.existing, device: place, asJSON: json)
    try command.run(life, beforeResults: mergeIfWanted) { (name, counter, folder) throws(Fault) in
      [TrainingDisplay(name: name, counter: counter)] + (try RunLogs.observers(folder))
    }
  }

  /// Folds the adapter into its base, with `--merge`.
  private func mergeIfWanted() throws {
    guard merge else { return }
    let base = try SeededFolders(model, .model).folder(seed: seeds.all[0])
    try AdapterFolder.merge("\(output)/adapter", base: base, to: "\(output)/model")
  }
}
