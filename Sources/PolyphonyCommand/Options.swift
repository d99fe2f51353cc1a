import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The options for the device and the number of threads.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where to compute: auto, cpu, cuda or cuda:N.", valueName: "device"),
    completion: .list(["auto", "cpu", "cuda"]))
  var device = "auto"

  @Option(help: ArgumentHelp("Threads of one operation; 0 for libtorch's choice.", valueName: "count"))
  var threads = 0

  func validate() throws {
    guard threads >= 0 else { throw ValidationError("--threads must be 0 or more, not \(threads).") }
  }

  /// Loads libtorch and applies the options.
  func prepare() throws -> Device {
    try Libtorch.load()
    // A failure inside libtorch must print one line for the user, not a stack dump.
    Libtorch.onFailure { message in
      let line = message.split(separator: "\n").first.map(String.init) ?? message
      _ = Terminal.report(
        Fault(.failure, "libtorch refused an operation", found: line, remedy: "see «polyphony doctor»"))
      ProgramEnd.leave(70)
    }
    if threads > 0 { Libtorch.threadCount = threads }
    return try Device(named: device)
  }
}

/// The options that change a recipe from the command line.
struct RecipeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A recipe in YAML.", valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Overrides one key of the recipe, such as training.epochs=4; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  /// Reads the recipe and applies the overrides.
  func tree() throws -> SettingsTree {
    var tree = if let recipe { try SettingsTree(contentsOf: recipe) } else { SettingsTree.empty }
    for assignment in overrides { try tree.override(assignment) }
    return tree
  }
}

/// The option for the checks of data.
struct CheckOptions: ParsableArguments {
  @Flag(help: "Checks all values and hashes of the data again, also those of large files that were checked before.")
  var verify = false
}

/// The options for the seeds of the runs.
struct SeedOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The seed of a single run.", valueName: "number"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Runs this many seeds, from 0 on, and reports mean and deviation.", valueName: "count"))
  var seeds: Int?

  func validate() throws {
    if seed != nil, seeds != nil { throw ValidationError("Give --seed for one run or --seeds for several, not both.") }
    if let seeds { try checkCounts([("--seeds", seeds)]) }
  }

  /// True if the user names a seed or a number of seeds.
  var isGiven: Bool { seed != nil || seeds != nil }

  /// The seeds of the runs.
  var all: [UInt64] { seeds.map { (0..<UInt64($0)).map(\.self) } ?? [seed ?? 0] }
}

/// The options for an output folder that already holds a run.
struct ExistingOptions: ParsableArguments {
  @Flag(help: "Continues the run in the output folder; starts it where there is none.")
  var resume = false

  @Flag(help: "Replaces the run in the output folder.")
  var overwrite = false

  func validate() throws {
    if resume, overwrite { throw ValidationError("--resume keeps the run, --overwrite removes it: give one of them.") }
  }

  var existing: RunFolder.Existing { resume ? .resume : overwrite ? .overwrite : .refuse }
}

/// Checks the values of options that count something.
/// - Throws: `ValidationError` with the first one below 1.
func checkCounts(_ options: [(name: String, value: Int)]) throws {
  for (name, value) in options where value < 1 {
    throw ValidationError("\(name) must be 1 or more, not \(value).")
  }
}
