import ArgumentParser
import Polyphony
import PolyphonyExport
import Torch

extension ExportFormat: ExpressibleByArgument {}

/// The command `polyphony export`.
struct ExportCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract:
      "Hand a model on: as PyTorch code with weights, as an ONNX graph, or as a folder for the Hugging Face Hub.",
    discussion: """
      pytorch leaves modeling_polyphony.py, config.json and model.safetensors. The code needs PyTorch alone; \
      «from modeling_polyphony import load» and «load(FOLDER)» give a module that predicts as the program does, and can \
      be trained.

      huggingface adds README.md, a model card with the figures of the run's results.json. In both forms the adapter's \
      files lie in adapter/, and load takes them along.

      onnx leaves model.onnx, one graph for every pattern of missing modalities with the adapter in it, and config.json.

      Example: polyphony export --model runs/base --format pytorch --output exported
      """)

  @Option(help: ArgumentHelp("The model folder.", valueName: "folder"), completion: .directory)
  var model: String

  @Option(help: ArgumentHelp("An adapter folder for that model.", valueName: "folder"), completion: .directory)
  var adapter: String?

  @Option(
    help: ArgumentHelp(
      "The form: \(ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"),
    completion: .list(ExportFormat.allCases.map(\.rawValue)))
  var format: ExportFormat

  @Option(
    help: ArgumentHelp("The folder to make, or an earlier export to replace.", valueName: "folder"),
    completion: .directory)
  var output: String

  @OptionGroup var device: DeviceOptions

  var inputs: [CommandInput] { [.model(model)] + (adapter.map { [.adapter($0)] } ?? []) }

  func execute() throws {
    _ = try device.prepare()
    let start = try SeededFolders.only(model, adapter: adapter)
    let files = try ModelExport(start.model, adapter: start.adapter).write(format, to: output)
    for file in files { try StandardOutput.print("\(output)/\(file)") }
  }
}
