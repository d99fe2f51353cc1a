import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony data` with its subcommands.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Look at, check and make data sets.",
    subcommands: [
      DataInspectCommand.self, DataValidateCommand.self, DataConvertCommand.self, DataSynthesizeCommand.self,
      DataCorruptCommand.self,
    ])
}

/// The command `polyphony data inspect`.
struct DataInspectCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show splits, modalities, shapes, what is missing and how labels are spread.")

  @Argument(help: ArgumentHelp("The data set folder.", valueName: "folder"), completion: .directory)
  var data: String

  func execute() throws {
    _ = try DeviceOptions().preparedLibrary()
    let dataset = try Dataset(data)
    let inspection = try DatasetInspection(dataset)
    let task = dataset.description.task
    try StandardOutput.print("\(dataset.description.name.escapingControls()): \(task.summary)")
    if let source = dataset.description.source { try StandardOutput.print(source.escapingControls()) }
    let hasCells = inspection.modalities.contains { $0.missingCells > 0 }
    var table = TextTable(
      [.init("split"), .init("samples", .right), .init("modality"), .init("form"), .init("missing", .right)]
        + (hasCells ? [.init("missing cells", .right)] : [])
        + [.init("mean length", .right), .init("mean", .right), .init("deviation", .right)])
    for row in inspection.modalities {
      let cells = hasCells ? ["\(row.missingCells)"] : []
      table.append(
        [
          row.split, "\(row.samples)", row.modality, row.form, String(format: "%.1f %%", row.missing * 100),
        ] + cells + [
          row.meanLength.map { String(format: "%.1f", $0) } ?? ""
        ] + [row.mean, row.deviation].map { $0.isNaN ? "" : String(format: "%.3g", $0) })
    }
    try StandardOutput.print(table.forTerminal())
    for row in inspection.labels {
      let counts =
        row.counts.map { $0.map { "\($0.label.escapingControls()): \($0.count)" }.joined(separator: ", ") }
        ?? "no targets"
      try StandardOutput.print("\(row.split) targets  \(counts)")
    }
    if !inspection.targets.isEmpty { try StandardOutput.print(Self.table(inspection.targets).forTerminal()) }
  }
}

extension DataInspectCommand {
  /// The spread of several targets as a table.
  private static func table(_ targets: [DatasetInspection.TargetRow]) -> TextTable {
    var table = TextTable(
      [.init("split"), .init("target")] + ["mean", "deviation", "smallest", "largest"].map { .init($0, .right) })
    for row in targets {
      let numbers = [row.mean, row.deviation, row.smallest, row.largest]
      table.append([row.split, row.target] + numbers.map { String(format: "%.3g", $0) })
    }
    return table
  }
}

/// The command `polyphony data validate`.
struct DataValidateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check hashes, names, shapes, types, values, labels and ids of a data set.")

  @Argument(help: ArgumentHelp("The data set folder.", valueName: "folder"), completion: .directory)
  var data: String

  var checksAnew: Bool { true }

  func execute() throws {
    _ = try DeviceOptions().preparedLibrary()
    let dataset = try Dataset(data)
    let inspection = try DatasetInspection(dataset)
    try inspection.checkTraining(folder: data)
    for row in inspection.modalities where row.isAbsent {
      Terminal.note("warning: no sample of \(row.split) has \(row.modality)")
    }
    let splits = dataset.splitNames.joined(separator: ", ")
    try StandardOutput.print("\(data) is sound: \(splits), \(dataset.description.task.summary)")
  }
}

/// The command `polyphony data synthesize`.
struct DataSynthesizeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize", abstract: "Make a controlled multimodal data set.")

  @Option(
    help: ArgumentHelp(
      """
      The data set to make: sentiment (regression from sequences), segmentation (images of four contrasts) or starved \
      (two classes, a strong modality and a slow one that joint training starves).
      """,
      valueName: "name"))
  var kind = Kind.sentiment

  @Option(help: ArgumentHelp("The folder to make.", valueName: "folder"), completion: .directory)
  var output: String

  /// The kinds of data set that the command can make.
  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case sentiment, segmentation, starved

    /// The number of samples without the option.
    var samples: Int {
      switch self {
      case .sentiment: 2000
      case .segmentation: 200
      case .starved: 3300
      }
    }
  }

  @Option(
    help: ArgumentHelp(
      """
      Samples over all splits; 2000 for sentiment, 200 for segmentation, 3300 for starved (800 of them for training).
      """,
      valueName: "count"))
  var samples: Int?

  @Option(
    help: ArgumentHelp(
      "The number of modalities of sentiment; segmentation has four, starved has two.", valueName: "count"))
  var modalities = 3

  @Option(
    help: ArgumentHelp(
      "Makes sentiment a choice among classes, by cutting its range into equal parts.", valueName: "count"))
  var classes: Int?

  @Option(
    help: ArgumentHelp(
      "Modalities of sentiment, counted from the last, that are slow to learn: a sign that each step shows has to be undone.",
      valueName: "count"))
  var ciphered = 0

  @Option(help: ArgumentHelp("How far this corpus is from that of shift 0.", valueName: "number"))
  var shift = 0.0

  @Option(
    help: ArgumentHelp(
      "How much of sentiment is a product of what text and audio know and no other modality, 0 to 1; without it nothing is.",
      valueName: "number"))
  var relation: Double?

  @Option(
    help: ArgumentHelp(
      "How much of what one modality of sentiment knows each other one knows too, 0 to 1.", valueName: "number"))
  var redundancy: Double?

  @Option(
    help: ArgumentHelp(
      "Makes another regression: the share of its target, 0 to 1, that is a sum of products of text and audio at the same step.",
      valueName: "share"))
  var aligned: Double?

  @Option(
    help: ArgumentHelp("How much less each further modality knows, 0 to 1; 0.5 for sentiment.", valueName: "number"))
  var imbalance: Double?

  @Option(
    help: ArgumentHelp(
      "The deviation of the noise at every step; 0.5 for sentiment, 0.3 with --aligned.", valueName: "number"))
  var noise: Double?

  @Option(help: ArgumentHelp("What everything follows from.", valueName: "number"))
  var seed: UInt64 = 0

  func validate() throws {
    guard aligned != nil else { return }
    let others: [(name: String, isGiven: Bool)] = [
      ("kind \(kind.rawValue)", kind != .sentiment), ("classes", classes != nil), ("ciphered", ciphered != 0),
      ("shift", shift != 0), ("relation", relation != nil), ("redundancy", redundancy != nil),
      ("imbalance", imbalance != nil),
    ]
    if let other = others.first(where: \.isGiven) {
      throw ValidationError("--aligned makes a set of its own: no --\(other.name).")
    }
  }

  func execute() throws {
    _ = try DeviceOptions().preparedLibrary()
    let count = samples ?? kind.samples
    let maker = maker(count)
    // Making the samples checks the numbers, which the description takes as they are.
    let splits = try maker.make()
    try DatasetWriter.write(maker.description, splits, to: output)
    Terminal.note("\(count) samples in \(output)")
  }

  private func maker(_ count: Int) -> any SyntheticMaker {
    if let aligned {
      var maker = SyntheticAlignment(samples: count, modalities: modalities, share: aligned, seed: seed)
      maker.noise = noise ?? maker.noise
      return maker
    }
    switch kind {
    case .sentiment:
      var maker = SyntheticSentiment()
      (maker.samples, maker.modalities, maker.shift, maker.seed) = (count, modalities, shift, seed)
      (maker.imbalance, maker.noise) = (imbalance ?? maker.imbalance, noise ?? maker.noise)
      (maker.classes, maker.ciphered, maker.relation) = (classes, ciphered, relation)
      maker.redundancy = redundancy
      return maker
    case .segmentation: return SyntheticPhantoms(samples: count, shift: shift, seed: seed)
    case .starved: return SyntheticStarvation(samples: count, seed: seed)
    }
  }
}

extension DeviceOptions {
  /// Loads libtorch for a command that only reads and writes data.
  func preparedLibrary() throws -> Device {
    var options = DeviceOptions()
    (options.device, options.threads) = ("cpu", 0)
    return try options.prepare()
  }
}
