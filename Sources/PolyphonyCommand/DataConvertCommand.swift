import ArgumentParser
import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The command `polyphony data convert`.
struct DataConvertCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Make a data set of feature files: MMSA's and MulT's pickles, .npz, .npy, HDF5, CSV.",
    discussion: """
      A pickle is read, never run: it may hold dictionaries, lists, texts, numbers and NumPy arrays, and anything else \
      is refused by name. What is not said is found out, and notes say what was decided: splits are those of the file \
      (train, valid, test), modalities its arrays, in a table the columns of one prefix (audio_0, audio_1), or all \
      columns of numbers (features). A file without valid gives 15 % of train to it. NaN is a missing cell, which a \
      model fills with the training mean; infinities become 0; both are counted. Whole numbers that repeat are classes. \
      Files of any size are copied in pieces. HDF5 is read by the system's library (LIBHDF5 names another), arrays by \
      their paths: --modality text=/group/text.
      """)

  @Option(
    help: ArgumentHelp(
      "The file to read; several for single .npy arrays, train=FILE, NAME=FILE (a modality) or NAME.train=FILE.",
      valueName: "file"))
  var input: [String]

  @Option(help: ArgumentHelp("The data set folder to make or replace.", valueName: "folder"))
  var output: String

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
    help: ArgumentHelp("The key or column of groups, such as subjects: none falls into two splits.", valueName: "key"))
  var groupBy: String?

  @Option(
    help: ArgumentHelp("The key or column of identifiers, a different one for each sample; id.", valueName: "key"))
  var id: String?

  @Option(help: ArgumentHelp("What the assignment to splits follows from.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("The data set's name; that of the file.", valueName: "name"))
  var name: String?

  func execute() throws {
    var options = ConversionOptions(inputs: input, output: output)
    options.task = task.flatMap { PredictionTask.Kind(rawValue: $0.rawValue) }
    options.text = text.flatMap { ConversionOptions.TextForm(rawValue: $0.rawValue) }
    (options.target, options.id, options.splitBy, options.name) = (target, id, splitBy, name)
    options.modalities = try modality.map { try ConversionOptions.ModalityChoice(parsing: $0) }
    options.ratios = try split.map { try ConversionOptions.ratios(parsing: $0) }
    options.groupBy = groupBy
    options.seed = seed
    let display = ConversionDisplay()
    let report = try DatasetConversion.run(options) { display.update($0) }
    display.clear()
    for note in report.notes { Terminal.note(note) }
    let task = report.description.task
    let samples = report.splits.map { "\($0.name) \($0.samples)" }.joined(separator: ", ")
    print("\(report.description.name): \(task.summary)")
    for modality in report.description.modalities {
      let shape = modality.sampleShape.map(String.init).joined(separator: "×")
      print("\(modality.name)  \(modality.kind.rawValue) \(shape)")
    }
    print("\(samples) samples in \(output)")
  }
}

/// A display of a conversion's progress: a redrawn line on a terminal, elsewhere a line per tenth of a long conversion.
final class ConversionDisplay {
  private var tenth = 0
  private var lastDrawing = Date.distantPast
  private let start = Date()

  /// Shows the progress of the conversion.
  func update(_ progress: DatasetConversion.Progress) {
    let share = Double(progress.done) / Double(max(1, progress.total))
    let text = String(
      format: "converting %@  %3.0f %%  %.1f of %.1f GB", progress.split, share * 100, Double(progress.done) / 1e9,
      Double(progress.total) / 1e9)
    let now = Date()
    if Terminal.isInteractive {
      guard now.timeIntervalSince(lastDrawing) >= 0.1 else { return }
      lastDrawing = now
      Terminal.write("\r" + text + "\u{1B}[K")
    } else if Int(share * 10) > tenth, now.timeIntervalSince(start) > 1 {
      tenth = Int(share * 10)
      Terminal.note(text)
    }
  }

  /// Removes the line.
  func clear() {
    if Terminal.isInteractive { Terminal.write("\r\u{1B}[K") }
  }
}
