import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony benchmark`.
struct BenchmarkCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Time one kind of step of a model on random data of a shape.")

  @Option(
    help: ArgumentHelp("The backbone: \(Architectures.names.joined(separator: ", ")).", valueName: "name"),
    completion: .list(Architectures.names))
  var architecture = "late_fusion"

  @Option(
    help: ArgumentHelp("What to time: \(StepBenchmark.names.joined(separator: ", ")).", valueName: "kind"),
    completion: .list(StepBenchmark.names))
  var step = "train"

  @Option(help: ArgumentHelp("Samples per step.", valueName: "count"))
  var batch = 24

  @Option(help: ArgumentHelp("Steps of every sequence.", valueName: "count"))
  var length = 50

  @Option(
    help: ArgumentHelp("Features of each modality or channels of each image, separated by commas.", valueName: "n,n,…"))
  var features = "768,74,35"

  @Option(help: ArgumentHelp("Images of this size in place of sequences, and a mask of two classes.", valueName: "HxW"))
  var image: String?

  @Option(help: ArgumentHelp("Steps that are counted.", valueName: "count"))
  var repeats = 10

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Sets one key of the model, such as model.width=40; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the result as JSON.")
  var json = false

  func validate() throws {
    try checkCounts([("--batch", batch), ("--length", length), ("--repeats", repeats)])
    guard !sizes.isEmpty, sizes.count == features.split(separator: ",").count, sizes.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--features takes whole numbers above 0 with commas between, not «\(features)».")
    }
    if let image, imageSize.map({ $0.height < 1 || $0.width < 1 }) ?? true {
      throw ValidationError("--image takes a height and a width, such as 88x104, not «\(image)».")
    }
  }

  /// Height and width of the images; nil for sequences.
  private var imageSize: (height: Int, width: Int)? {
    let sides = image?.split(separator: "x").compactMap { Int($0) } ?? []
    return sides.count == 2 ? (sides[0], sides[1]) : nil
  }

  private var sizes: [Int] { features.split(separator: ",").compactMap { Int($0) } }

  func execute() throws {
    let place = try device.prepare()
    var tree = SettingsTree.empty
    try tree.override("model.architecture", with: architecture, option: "--architecture")
    for assignment in overrides { try tree.override(assignment) }
    let names = ["text", "audio", "vision"]
    let modalities = sizes.enumerated().map { index, features in
      let name = sizes.count <= names.count ? names[index] : "modality\(index + 1)"
      return imageSize.map { .image(name, channels: features, height: $0.height, width: $0.width) }
        ?? Modality.sequence(name, features: features, length: length)
    }
    let task = imageSize == nil ? PredictionTask(kind: .regression) : PredictionTask(kind: .segmentation, classes: 2)
    let settings = try SettingsReader.read(tree) { (reader) throws(Fault) in
      try reader.section("model") { (section) throws(Fault) in try ModelSettings(section) }
    }.value
    Libtorch.seed(0)
    let configuration = try settings.configuration(modalities, task)
    let model = try MultimodalModel(configuration)
    model.move(to: place)
    let setup = StepBenchmark.Setup(model: model, batch: StepBenchmark.batch(configuration, count: batch).to(place))
    let result = try StepBenchmark.run(step, setup, repeats: repeats)
    try result.print(as: "\(architecture) \(step)", json: json)
  }
}

extension StepBenchmark.Result {
  /// Prints the result as a table with one row, or as JSON.
  func print(as step: String, json: Bool) throws(Fault) {
    if json {
      let document: OrderedJSON = [
        "median_ms": .number(medianMilliseconds), "samples_per_s": .number(samplesPerSecond),
        "peak_rss_mb": .number(peakMemory),
      ]
      return try StandardOutput.print(document.text(.line))
    }
    var table = TextTable([
      .init("step"), .init("median", .right), .init("samples/s", .right), .init("memory", .right),
    ])
    table.append([
      step, String(format: "%.2f ms", medianMilliseconds), String(format: "%.0f", samplesPerSecond),
      String(format: "%.0f MiB", peakMemory),
    ])
    try StandardOutput.print(table.forTerminal())
  }
}
