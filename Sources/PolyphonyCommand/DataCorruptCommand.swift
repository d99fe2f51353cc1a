import ArgumentParser
import Polyphony
import Torch

/// The command `polyphony data corrupt`.
struct DataCorruptCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "corrupt", abstract: "Write a copy of a data set with its inputs corrupted; targets stay.",
    discussion: """
      KIND is noise, gain, drop (steps), shift (in time), swap (features) or missing (a modality of a sample); SEVERITY \
      is 0 to 5. Strengths are measured by the training split's own means and deviations.

      Example: polyphony data corrupt --data Data/numerals --shift noise:3 --modality pixels --output noisy
      """)

  @Option(help: ArgumentHelp("The data set folder.", valueName: "folder"), completion: .directory)
  var data: String

  @Option(
    help: ArgumentHelp("What happens to the inputs.", valueName: "kind:severity"),
    completion: .list(Shift.Kind.allCases.map { "\($0.rawValue):" }))
  var shift: String

  @Option(help: ArgumentHelp("Modalities to corrupt, separated by commas; all without it.", valueName: "names"))
  var modality: String?

  @Option(
    help: ArgumentHelp("Splits to corrupt, separated by commas; the others stay as they are.", valueName: "names"),
    completion: Completions.splits)
  var splits: String?

  @Option(help: ArgumentHelp("The folder to make.", valueName: "folder"), completion: .directory)
  var output: String

  @Option(help: ArgumentHelp("What every random number follows from.", valueName: "number"))
  var seed: UInt64 = 0

  var inputs: [CommandInput] { [.data(data)] }

  func execute() throws {
    _ = try DeviceOptions().preparedLibrary()
    let shift = try Shift(named: shift)
    let dataset = try Dataset(data)
    try dataset.write(
      corruptedBy: shift, only: ShiftOptions.names(modality), splits: ShiftOptions.names(splits), seed: seed, to: output
    )
    Terminal.note("\(dataset.description.name) with \(shift) in \(output)")
  }
}
