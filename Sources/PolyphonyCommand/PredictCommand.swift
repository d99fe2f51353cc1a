import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony predict`.
struct PredictCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict a split of a data set folder, or the samples of one safetensors file.",
    discussion: """
      The output is one safetensors file: prediction [N, outputs] (values, or logits), representation [N, width] and, \
      where the input has it, id [N].
      """)

  @Option(help: ArgumentHelp("The model folder.", valueName: "folder"))
  var model: String

  @Option(help: ArgumentHelp("An adapter folder for that model.", valueName: "folder"))
  var adapter: String?

  @Option(
    help: ArgumentHelp("A data set folder, or a safetensors file with a tensor for each modality.", valueName: "path"))
  var data: String

  @Option(help: ArgumentHelp("The split of a data set folder.", valueName: "name"))
  var split = "test"

  @Option(help: ArgumentHelp("The safetensors file to write.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Samples per batch.", valueName: "count"))
  var batch = 256

  @OptionGroup var device: DeviceOptions

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch must be 1 or more, not \(batch).") }
  }

  func execute() throws {
    let place = try device.prepare()
    let start = try SeededFolders.only(model, adapter: adapter)
    let loaded = try ModelWithAdapter(start.model, adapter: start.adapter, device: place).model
    let samples = try input(loaded.configuration)
    try samples.checkPresence(
      loaded.configuration.modalities, file: data, modelHandlesMissing: loaded.handlesMissingModalities)
    let predictions = loaded.predict(samples, batchSize: batch, device: place)
    guard predictions.prediction.isFinite else {
      throw Fault(
        .failure, "the model predicts values that are not finite numbers", file: model,
        remedy: "check the model's weights and the scale of the inputs")
    }
    var items: [SafetensorsWriter.Item] = samples.ids.map { [.init("id", Tensor($0))] } ?? []
    items.append(.init("prediction", predictions.prediction))
    items.append(.init("representation", predictions.representation))
    try SafetensorsWriter.write(to: output, items)
    Terminal.note("\(samples.count) predictions in \(output)")
  }

  private func input(_ configuration: ModelConfiguration) throws -> UnlabelledSplit {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: data, isDirectory: &isFolder), !isFolder.boolValue {
      return try UnlabelledSplit(file: data, for: configuration)
    }
    return try Dataset(data).fitted(to: configuration).unlabelled(split)
  }
}
