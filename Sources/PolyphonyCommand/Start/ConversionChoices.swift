import ArgumentParser
import Polyphony
import PolyphonyConversion

/// The options of `data convert` and `start` about the content of files.
struct ConversionChoices: ParsableArguments {
  /// The kinds of prediction task.
  enum Task: String, ExpressibleByArgument, CaseIterable {
    case regression, classification, multilabel
  }

  @Option(help: ArgumentHelp("What to predict; found out from the target.", valueName: "task"))
  var task: Task?

  @Option(
    help: ArgumentHelp(
      "The key or column of the target; several columns as A,B,C; KEY:0 or KEY:0,2 for some of an array; "
        + "regression_labels, labels, label, target, y, …",
      valueName: "key"))
  var target: String?

  /// The forms of MMSA's text.
  enum Text: String, ExpressibleByArgument, CaseIterable {
    case text
    case tokens = "text_bert"
  }

  @Option(help: ArgumentHelp("Which text of an MMSA file: embeddings or BERT's tokens.", valueName: "key"))
  var text: Text?

  @Option(
    help: ArgumentHelp(
      "A modality: NAME, NAME=KEY, or NAME=COLUMN,COLUMN of a table; may be repeated.", valueName: "name=key"))
  var modality: [String] = []

  @Option(
    help: ArgumentHelp(
      "Shares of train, valid and test where the file has no splits; 0.7,0.15,0.15.", valueName: "shares"))
  var split: String?

  @Option(help: ArgumentHelp("The key or column that names each sample's split; split.", valueName: "key"))
  var splitBy: String?

  @Option(
    help: ArgumentHelp(
      "The computational sequence whose entries are the steps; one of texts, such as words, or else each its own.",
      valueName: "name"))
  var align: String?

  @Option(
    help: ArgumentHelp("The key or column of groups, such as subjects: none falls into two splits.", valueName: "key"))
  var groupBy: String?

  @Option(
    help: ArgumentHelp("The key or column of identifiers, a different one for each sample; id.", valueName: "key"))
  var id: String?

  @Option(help: ArgumentHelp("What the assignment to splits follows from.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("The data set's name; that of the file.", valueName: "name"))
  var name: String?

  @Flag(help: "Makes each NIfTI volume one sample, for convolutions in three dimensions, in place of its slices.")
  var volumes = false

  /// The endings of files that a conversion reads, for the completions of a shell.
  static let endings = [
    "csv", "tsv", "txt", "jsonl", "npz", "npy", "pkl", "pickle", "h5", "hdf5", "mat", "csd", "nii",
    "nii.gz",
  ]

  /// The first option that the user gave, which is for files alone.
  var given: String? {
    let options: [(String, String?)] = [
      ("--task", task?.rawValue), ("--target", target), ("--text", text?.rawValue), ("--modality", modality.first),
      ("--split", split), ("--split-by", splitBy), ("--group-by", groupBy), ("--align", align), ("--id", id),
      ("--name", name), ("--volumes", volumes ? "volumes" : nil),
    ]
    return options.first { $0.1 != nil }?.0
  }

  /// Makes the options of the conversion of files to a folder.
  /// - Throws: `Fault(.usage)` for a modality or shares of another form.
  func options(_ inputs: [String], output: String) throws -> ConversionOptions {
    var options = ConversionOptions(inputs: inputs, output: output)
    options.task = task.flatMap { PredictionTask.Kind(rawValue: $0.rawValue) }
    options.text = text.flatMap { ConversionOptions.TextForm(rawValue: $0.rawValue) }
    (options.target, options.id, options.splitBy, options.name) = (target, id, splitBy, name)
    options.modalities = try modality.map { try ConversionOptions.ModalityChoice(parsing: $0) }
    options.ratios = try split.map { try ConversionOptions.ratios(parsing: $0) }
    (options.groupBy, options.align, options.seed) = (groupBy, align, seed)
    options.wholeVolumes = volumes
    return options
  }
}
