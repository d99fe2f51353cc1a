import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony scaling`.
struct ScalingCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Measure how the cost of fusing sequences grows with their number and length.",
    discussion: """
      Compares Wander's low-rank fusion, cross-attention for every pair of modalities, and the explicit outer product \
      as far as it fits in memory: parameters and the time of one step there and back, without a backbone. Leaves \
      OUTPUT/scaling.json and four drawings.

      Example: polyphony scaling --output runs/scaling --threads 1
      """)

  @Option(help: ArgumentHelp("Numbers of modalities, separated by commas.", valueName: "counts"))
  var modalities = "2,3,4,5,6,7"

  @Option(help: ArgumentHelp("Lengths, separated by commas.", valueName: "counts"))
  var lengths = "50,100,200,400,800"

  @Option(help: ArgumentHelp("The length at which modalities vary.", valueName: "count"))
  var length = 50

  @Option(help: ArgumentHelp("The number of modalities at which lengths vary.", valueName: "count"))
  var count = 2

  @Option(help: ArgumentHelp("Samples of a step.", valueName: "count"))
  var batch = 8

  @Option(help: ArgumentHelp("Bottleneck r of Wander and of the outer product.", valueName: "count"))
  var bottleneck = 16

  @Option(help: ArgumentHelp("Steps to take the median of.", valueName: "count"))
  var repeats = 10

  @Option(help: ArgumentHelp("Where results go.", valueName: "folder"), completion: .directory)
  var output: String

  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the measurements as JSON.")
  var json = false

  func validate() throws {
    for (name, text) in [("--modalities", modalities), ("--lengths", lengths)] {
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard numbers.allSatisfy({ $0 > 0 }) else {
        throw ValidationError("\(name) takes whole numbers above 0 with commas between, not «\(text)».")
      }
    }
    try checkCounts([
      ("--length", length), ("--count", count), ("--batch", batch), ("--bottleneck", bottleneck),
      ("--repeats", repeats),
    ])
  }

  func execute() throws {
    _ = try device.prepare()
    let folder = try RunFolder(output, existing: .resume)
    defer { withExtendedLifetime(folder) {} }
    var scaling = FusionScaling()
    (scaling.batch, scaling.bottleneck, scaling.repeats) = (batch, bottleneck, repeats)
    let overModalities = sweep(numbers(modalities).map { ($0, length) }, scaling)
    let overLengths = sweep(numbers(lengths).map { (count, $0) }, scaling)
    let tables = [
      ScalingGrowth(variable: "modalities", fixed: "length \(length)", points: overModalities) {
        Double($0.modalities)
      },
      ScalingGrowth(variable: "length", fixed: "\(count) modalities", points: overLengths) { Double($0.length) },
    ]
    let document: OrderedJSON = [
      "command": "scaling", "version": .string(Polyphony.version), "batch": .integer(batch),
      "results": .array(tables.flatMap(\.rows)),
    ]
    try AtomicFile.write(document.text(), to: "\(output)/scaling.json")
    for table in tables { try table.draw(in: output) }
    if json {
      try StandardOutput.print(document.text(), terminator: "")
    } else {
      for table in tables {
        try StandardOutput.print(table.text(Terminal.glyphs))
        try StandardOutput.print(table.fits(Terminal.glyphs))
      }
    }
  }

  private func numbers(_ text: String) -> [Int] { text.split(separator: ",").compactMap { Int($0) } }

  private func sweep(_ sizes: [(modalities: Int, length: Int)], _ scaling: FusionScaling) -> [FusionScaling.Point] {
    FusionScaling.Form.allCases.flatMap { form in
      sizes.map { size in
        let point = scaling.measure(form, modalities: size.modalities, length: size.length)
        let time = point.seconds.map { String(format: "%.2f ms", $0 * 1000) } ?? "does not fit in memory"
        Terminal.note("\(form.rawValue), \(size.modalities) × \(size.length): \(time)")
        return point
      }
    }
  }
}
