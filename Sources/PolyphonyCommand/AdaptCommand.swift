import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony adapt`.
struct AdaptCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapt",
    abstract: "Adapt a model to unlabelled samples of where it is deployed; the source model stays as it is.",
    discussion: """
      Offline the method goes over the split in epochs, and the adapted model is scored on --test. With --online every \
      batch is predicted, then learned, in the order of the stream; what was said before learning is scored. Targets \
      are read for the scores alone, where there are any.

      auto, the default offline, runs inputs, ssa (classes only) and casp-contrast, and keeps the one whose answers are \
      the least uncertain. The source stays unless a method takes a tenth of its uncertainty away. No label is needed.

      inputs, the default online, suits sensors, rooms and speakers that differ from those of training: it moves and \
      scales each feature, and says how far each modality has drifted. ssa aligns what the last layer reads, for a \
      regression whose inputs are no measurements. casp trains the LayerNorms by contrast, for a shift that lasts \
      epochs. tent, eata, sar and read are baselines for classes. source changes nothing, for comparison.

      Under «polyphony launch» or torchrun, processes share the batches offline, by every method but norm. A stream has \
      one order, so --online needs one process.

      One method and one seed leave OUTPUT/adapter (the adapted tensors), OUTPUT/checkpoint (where --resume goes on) \
      and OUTPUT/metrics.jsonl. Several get a folder each below OUTPUT. evaluate and predict take --model and --adapter.

      Example: polyphony adapt --model runs/base/model --data target --output runs/adapted
      """)

  @Option(
    help: ArgumentHelp(
      "The source model's folder; or the output of a run over seeds, of which each seed adapts its own.",
      valueName: "folder"), completion: .directory)
  var model: String

  @Option(
    help: ArgumentHelp(
      "An adapter that the model carries already, or a run over seeds; the new one stands on it.", valueName: "folder"),
    completion: .directory)
  var adapter: String?

  @Option(help: ArgumentHelp("The target data set's folder.", valueName: "folder"), completion: .directory)
  var data: String

  @Option(
    help: ArgumentHelp("The split to adapt to; its targets are not looked at.", valueName: "name"),
    completion: Completions.splits)
  var split = "train"

  @Option(
    help: ArgumentHelp(
      "The split to score the adapted model on; test where there is one, else the split adapted to.", valueName: "name"),
    completion: Completions.splits)
  var test: String?

  @Option(
    help: ArgumentHelp(
      "Methods, separated by commas: \(AdaptLife.knownMethods.joined(separator: ", ")). "
        + "The default is auto, and inputs with --online.",
      valueName: "names"),
    completion: .list(AdaptLife.knownMethods))
  var method: String?

  @Option(help: ArgumentHelp("Where results go.", valueName: "folder"), completion: .directory)
  var output: String

  @Flag(help: "Takes the samples once, batch by batch, in their order: each is predicted, then learned.")
  var online = false

  @OptionGroup var seeds: SeedOptions
  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var existing: ExistingOptions
  @OptionGroup var checks: CheckOptions
  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  func validate() throws {
    guard !online || test == nil else {
      throw ValidationError("--online scores the stream itself, so --test cannot be given with it.")
    }
  }

  private var methods: [String] { (method ?? (online ? "inputs" : "auto")).split(separator: ",").map(String.init) }

  var checksAnew: Bool { checks.verify }

  var streamOption: String? { online ? "--online" : nil }

  var inputs: [CommandInput] { [.model(model), .data(data)] + (adapter.map { [.adapter($0)] } ?? []) }

  func execute() throws {
    let place = try device.prepare()
    StopSignal.listen()
    var life = try AdaptLife(
      model: model, adapter: adapter, recipe: try recipe.tree(), data: data, split: split, test: test,
      methods: methods, isOnline: online, device: place)
    life.includesSource = true
    let command = GridCommand(
      name: "adapt", product: "adapter", output: output, data: data, base: model, seeds: seeds.all,
      existing: existing.existing, device: place, asJSON: json)
    try command.run(life) { (name, counter, folder) throws(Fault) in
      [
        AdaptationDisplay(name: name, isOnline: online, counter: counter),
        try AdaptationLogs.observer(folder, isOnline: online),
      ]
    }
  }
}
