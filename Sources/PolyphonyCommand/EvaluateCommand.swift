import ArgumentParser
import Foundation
import Polyphony
import Torch

/// `polyphony evaluate`.
struct EvaluateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Score a model, with an adapter if there is one, on a split of a data set folder.")

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

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  func execute() throws {
    let place = try device.prepare()
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
    ResultsOutput(command: "evaluate", asJSON: json).print([result])
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
