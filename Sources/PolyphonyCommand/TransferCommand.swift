import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony transfer`.
struct TransferCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer",
    abstract: "Pretrain a base on one thing, tune it to another by many methods, and compare them.",
    discussion: """
      Tasks: classes (from the first half of a data set's classes to the second), halves (from the first half of its \
      recordings to the second), modality (from its first modality alone to all), corpus (from a synthetic corpus to a \
      shifted one), relation (from a synthetic corpus to one whose sentiment lies in how modalities combine), aligned \
      (from encoders of single modalities to a target of products of text and audio at the same step). The last three \
      need no data. For each method and amount of samples the learning rate is chosen on validation.

      A method may carry settings, as in --method 'lora{rank: 2},wander{bottleneck: 4}'. OUTPUT/model is the base, \
      OUTPUT/runs holds the scores of every run, OUTPUT/front-AMOUNT.svg draws scores over trained parameters. The same \
      command with --resume goes on where it was stopped.

      Example: polyphony transfer --task classes --data Data/numerals --seeds 5 --output runs/transfer
      """)

  @Option(help: ArgumentHelp("What to transfer: \(names).", valueName: "name"))
  var task = TransferTask.Known.classes

  @Option(
    help: ArgumentHelp("The data set folder; none for corpus, relation and aligned.", valueName: "folder"),
    completion: .directory)
  var data: String?

  @Option(
    help: ArgumentHelp("Modalities of synthetic data; 3 for corpus and relation, 2 for aligned.", valueName: "count"))
  var modalities: Int?

  @Option(
    help: ArgumentHelp(
      "Methods, separated by commas, each with settings in braces if any; all of the field without this option.",
      valueName: "names"), completion: .list(TuningMethods.names))
  var method: String?

  @Option(
    help: ArgumentHelp(
      "Training samples of the new task, a class where there are classes, separated by commas; or all.",
      valueName: "counts"))
  var samples: String?

  @Option(help: ArgumentHelp("Where results go.", valueName: "folder"), completion: .directory)
  var output: String

  @OptionGroup var seeds: SeedOptions
  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var existing: ExistingOptions
  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  private static let names = TransferTask.Known.allCases.map(\.rawValue).joined(separator: ", ")

  func validate() throws {
    if task.readsData, data == nil { throw ValidationError("--task \(task.rawValue) needs --data.") }
    if !task.readsData, data != nil { throw ValidationError("--task \(task.rawValue) makes its own data: no --data.") }
    for part in (samples ?? "").split(separator: ",") where TransferTask.Amount(String(part)) == nil {
      throw ValidationError("--samples takes whole numbers above 0, or all, not «\(part)».")
    }
  }

  var inputs: [CommandInput] { data.map { [.data($0)] } ?? [] }

  func execute() throws {
    let place = try device.prepare()
    StopSignal.listen()
    let (settings, resolved) = try SettingsReader.read(try recipe.tree()) { (reader) throws(Fault) in
      try TransferRecipe(reader)
    }
    let variants = try TransferVariant.list(method ?? TransferVariant.standard)
    let transfer = try makeTask()
    let folder = try prepareFolder(resolved)
    defer { withExtendedLifetime(folder) {} }
    var suite = TransferSuite(transfer, settings, variants: variants, seeds: seeds.all, folder: output)
    if let samples { suite.amounts = samples.split(separator: ",").compactMap { TransferTask.Amount(String($0)) } }
    suite.device = place
    suite.didFinish = { Terminal.note($0) }
    guard let results = try suite.run() else { throw StoppedRun.exit() }
    let printer = ResultsOutput(command: "transfer", asJSON: json)
    try printer.write(results, to: output, data: data.map { [$0] } ?? [], device: place)
    for amount in TransferFront.amounts(results) {
      let chart = TransferFront.chart(results, amount: amount, metric: suite.metric)
      try AtomicFile.write(chart.svg, to: "\(output)/front-\(amount).svg")
    }
    try printer.print(results)
  }

  private var count: Int { modalities ?? (task == .aligned ? 2 : 3) }

  private func makeTask() throws -> TransferTask {
    switch task {
    case .classes: try .classes(try Dataset(data ?? ""))
    case .halves: try .halves(try Dataset(data ?? ""))
    case .modality: try .modality(try Dataset(data ?? ""))
    case .corpus: try .corpus(modalities: count)
    case .relation: try .relation(modalities: count)
    case .aligned: try .aligned(modalities: count)
    }
  }

  /// Makes the folder and records the settings behind its scores. It refuses to mix them with scores of other settings.
  private func prepareFolder(_ resolved: SettingsTree) throws -> RunFolder {
    let folder = try RunFolder(output, existing: existing.existing)
    if existing.overwrite { TransferSuite.removeScores(in: output) }
    let source = task.readsData ? "data \(data ?? "")" : "\(count) modalities"
    let text = "\(TransferSuite.recipeHeading) \(task.rawValue), \(source)\n" + resolved.yaml()
    if let before = try? String(contentsOfFile: folder.recipe, encoding: .utf8), before != text {
      throw Fault(
        .usage, "the output folder holds scores of another task or recipe", file: folder.recipe, key: "--resume",
        expected: "the recipe in this file", remedy: "repeat its settings, or choose another output folder")
    }
    try folder.begin(recipe: text)
    return folder
  }
}

extension TransferTask.Known: ExpressibleByArgument {}
