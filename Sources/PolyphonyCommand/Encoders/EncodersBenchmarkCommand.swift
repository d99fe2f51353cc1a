import ArgumentParser
import Foundation
import Polyphony
import PolyphonyEncoders

/// The command `polyphony encoders benchmark`.
struct EncodersBenchmarkCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Time an encoder of texts.",
    discussion: """
      Example: polyphony encoders benchmark enc/minilm --texts sentences.txt --sorted
      """)

  @Argument(help: ArgumentHelp("The encoder's folder.", valueName: "folder"), completion: .directory)
  var folder: String

  @Option(
    help: ArgumentHelp(
      "What to time: embed (the vectors of all texts), first (that of the first text, without a warm-up), train (a step of "
        + "all weights on random tokens).", valueName: "kind"))
  var step = EncoderBenchmark.Step.embed

  @Option(help: ArgumentHelp("A file with one text a line.", valueName: "file"), completion: .file())
  var texts: String?

  @Flag(help: "Puts texts with a similar number of tokens into one batch.")
  var sorted = false

  @Option(help: ArgumentHelp("Texts of a batch.", valueName: "count"))
  var batch = 32

  @Option(help: ArgumentHelp("Tokens of a text in training.", valueName: "count"))
  var length = 32

  @Option(help: ArgumentHelp("Passes or steps that are counted.", valueName: "count"))
  var repeats = 3

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the result as JSON.")
  var json = false

  func validate() throws {
    try checkCounts([("--batch", batch), ("--length", length), ("--repeats", repeats)])
  }

  func execute() throws {
    _ = try device.prepare()
    let benchmark = try EncoderBenchmark(
      folder, step, texts: try lines(), batch: batch, length: length, isSorted: sorted)
    try benchmark.run(step, repeats: repeats).print(as: "\(folder) \(step)", json: json)
  }

  private func lines() throws(Fault) -> [String] {
    guard let texts else { return [] }
    guard let content = try? String(contentsOfFile: texts, encoding: .utf8) else {
      throw Fault(.missingInput, "the texts cannot be read", file: texts, expected: "a file in UTF-8, a text a line")
    }
    return content.split(whereSeparator: \.isNewline).map(String.init)
  }
}

extension EncoderBenchmark.Step: ExpressibleByArgument {}
