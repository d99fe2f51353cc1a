import ArgumentParser
import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The command `polyphony start`.
struct StartCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "Look at your data, make a data set and a recipe of it, and name the next two commands.",
    discussion: """
      FILE is all that `data convert` reads, or a data set folder. Several files have the same forms: train=FILE, \
      NAME=FILE (a modality) or NAME.train=FILE. OUTPUT gets the data set (data) and a recipe with comments \
      (recipe.yaml), whose settings fit the size of the data. The last two lines are the commands that train a model and \
      predict with it.

      Example: polyphony start table.csv --group-by subject
      """)

  @Argument(
    help: ArgumentHelp("A table, a file of arrays, several files, or a data set folder."),
    completion: .file(extensions: ConversionChoices.endings))
  var files: [String]

  @Option(help: ArgumentHelp("The folder to make; runs/NAME.", valueName: "folder"), completion: .directory)
  var output: String?

  @OptionGroup var choices: ConversionChoices

  @Flag(help: "Replaces the recipe and the data set that an earlier start left in the folder.")
  var overwrite = false

  @Flag(help: "Prints what was found, the paths and the commands as one JSON document.")
  var json = false

  func execute() throws {
    var folder = StartFolder(output, for: files[0])
    let isDataset = files.count == 1 && FileManager.default.fileExists(atPath: "\(files[0])/dataset.json")
    if isDataset, let option = choices.given {
      throw Fault(
        .usage, "a data set folder is converted already, and has its target and splits", file: files[0], key: option,
        expected: "files to convert", remedy: "leave \(option) out")
    }
    try folder.prepare(overwrite: overwrite)
    defer { folder.removeIfEmpty() }
    var (notes, identifiers): ([String], String?) = ([], nil)
    if !isDataset {
      var options = try choices.options(files, output: folder.data)
      options.needsTarget = true
      // Several files have no common name.
      if files.count > 1, choices.name == nil { options.name = folder.name }
      let display = ConversionDisplay()
      let outcome = try DatasetConversion.run(options) { display.update($0) }
      (notes, identifiers) = (outcome.notes, outcome.identifiers)
      display.clear()
    }
    _ = try DeviceOptions().preparedLibrary()
    let data = isDataset ? files[0] : folder.data
    let dataset = try Dataset(data)
    let summary = StartSummary(description: dataset.description, inspection: try DatasetInspection(dataset))
    let recipe = StarterRecipe(dataset.description, summary.inspection, data: data)
    // A recipe that cannot run must be an error here and not in the next command.
    _ = try PipelineRecipe(try SettingsTree(yaml: recipe.text, file: folder.recipe), .single)
    try folder.write(recipe.text)
    let next = next(folder, data, dataset, recipe)
    guard !json else {
      let members =
        summary.json + [
          .init("identifiers", identifiers.map { .string($0) } ?? .null), .init("data", .string(data)),
          .init("recipe", .string(folder.recipe)),
          .init("notes", .array(notes.map { .string($0) })), .init("next", .array(next.map { .string($0) })),
        ]
      let document: OrderedJSON = [
        "command": "start", "version": .string(Polyphony.version), "results": .array([.object(members)]),
      ]
      return try StandardOutput.print(document.text())
    }
    for note in notes { Terminal.note(note) }
    fflush(nil)
    try StandardOutput.print(summary.heading)
    for table in summary.tables { try StandardOutput.print(table.forTerminal()) }
    if !isDataset { try StandardOutput.print("identifiers: \(identifiers ?? "the numbers of the rows, from 0")") }
    try StandardOutput.print("recipe: \(folder.recipe)\nnext:")
    for command in next { try StandardOutput.print(command) }
  }

  /// The commands that train a model and predict with it.
  private func next(
    _ folder: StartFolder, _ data: String, _ dataset: Dataset, _ recipe: StarterRecipe
  ) -> [String] {
    var predict = ["predict", "--model", folder.run]
    if recipe.hasAdapter { predict += ["--adapter", folder.run] }
    predict += ["--data", data]
    if !dataset.splitNames.contains("test") { predict += ["--split", "valid"] }
    predict += ["--output", "\(folder.path)/\(MaskOutput.usualOutput(dataset.description))"]
    return [["run", folder.recipe, "--output", folder.run], predict].map { words in
      (["polyphony"] + words).map(ShellWord.quoted).joined(separator: " ")
    }
  }
}
