import ArgumentParser
import Foundation
import Polyphony
import Torch

/// `polyphony evaluate`.
struct EvaluateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Score a model, with an adapter if there is one, on a split of a data set folder.",
    discussion: """
      --shift corrupts the inputs before they are scored; with --adapt it compares methods of test-time adaptation, which \
      see the corrupted split without its targets.

      Example: polyphony evaluate --model runs/base/model --data Data/numerals --shift noise,drop:5 --adapt source,casp
      """)

  @Option(help: ArgumentHelp("The model folder.", valueName: "folder"))
  var model: String

  @Option(help: ArgumentHelp("An adapter folder for that model.", valueName: "folder"))
  var adapter: String?

  @Option(help: ArgumentHelp("The data set folder.", valueName: "folder"))
  var data: String

  @Option(help: ArgumentHelp("The split to score.", valueName: "name"))
  var split = "test"

  @Option(help: MissingOption.help)
  var missing: String?

  @Flag(help: "Also scores each modality alone, each left out, its Shapley value, and a linear probe of its encoder.")
  var perModality = false

  @OptionGroup var shift: ShiftOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  func validate() throws {
    if shift.shift != nil, perModality { throw ValidationError("Give --shift or --per-modality, not both.") }
    if shift.adapt != nil, adapter != nil || missing != nil {
      throw ValidationError(
        "--adapt starts from the model and adapts to all of the split: give it without --adapter and --missing.")
    }
    if shift.adapt == nil, recipe.recipe != nil || !recipe.overrides.isEmpty {
      throw ValidationError("--recipe and --set say how --adapt adapts, and need it.")
    }
    if shift.shift == nil, seeds.seed != nil || seeds.seeds != nil {
      throw ValidationError("--seed and --seeds say how --shift corrupts, and need it.")
    }
  }

  func execute() throws {
    let place = try device.prepare()
    let printer = ResultsOutput(command: "evaluate", asJSON: json)
    guard shift.shift == nil else {
      printer.print(try evaluateShifts(place))
      return
    }
    let loaded = try ModelLoading.load(model, adapter: adapter, device: place)
    let dataset = try Dataset(data).fitted(to: loaded.configuration)
    let labelled = try dataset.labelled(split)
    try labelled.samples.checkPresence(
      loaded.configuration.modalities, file: data, modelHandlesMissing: loaded.handlesMissingModalities)
    var result = RunResult(name: adapter ?? model, split: split)
    result.parameters = loaded.parameterCount
    var mask: MissingMask?
    if let rule = try MissingOption.read(missing) {
      mask = try rule.mask(for: labelled.samples, loaded.configuration.modalities, seed: 0)
      result.conditions["missing"] = "\(rule)"
    }
    let evaluation = try loaded.evaluate(
      labelled, device: place, prepare: { mask?.apply(to: $0, indices: $1) ?? $0 })
    var scores = evaluation.metrics
    if perModality {
      scores.append(
        try PerModalityMetrics.measure(loaded, labelled, training: try dataset.labelled("train"), device: place))
    }
    result.add(seed: 0, scores)
    printer.print([result])
  }
}

/// Models as commands name them.
enum ModelLoading {
  /// The model of a folder on a device, with an adapter where one is named.
  static func load(_ path: String, adapter: String?, device: Device) throws -> MultimodalModel {
    let model = try ModelFolder.read(path)
    if let adapter { try AdapterFolder.attach(adapter, to: model, base: path) }
    model.move(to: device)
    model.train(false)
    return model
  }
}
