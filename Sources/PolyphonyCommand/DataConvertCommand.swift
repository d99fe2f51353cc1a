import ArgumentParser
import Foundation
import Polyphony
import PolyphonyConversion
import PolyphonyEncoders
import Torch

/// The command `polyphony data convert`.
struct DataConvertCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Make a data set of feature files (pickles, .npz, .npy, .mat, HDF5, .csd, CSV) or of volumes (.nii.gz).",
    discussion: """
      A pickle is read, never run: it may hold dictionaries, lists, texts, numbers and NumPy arrays, and anything else \
      is refused by name. What is not said is found out, and notes say what was decided: splits are those of the file \
      (train, valid, test), modalities its arrays, in a table the columns of one prefix (audio_0, audio_1), or all \
      columns of numbers (features). A file without valid gives 15 % of train to it. NaN is a missing cell, which a \
      model fills with the training mean; infinities become 0; both are counted. Whole numbers that repeat are classes. \
      Files of any size are copied in pieces. HDF5 is read by the system's library (LIBHDF5 names another), arrays by \
      their paths: --modality text=/group/text.

      Computational sequences of CMU-MultimodalSDK are aligned as the SDK does: each segment of the target is a sample, \
      and the words in it are its steps: --input words=WORDS.csd --input audio=AUDIO.csd --input labels=LABELS.csd \
      --target labels --align words. Segments of one video stay in one split. Parquet, Feather and Excel files must be \
      saved as CSV first.

      Volumes in NIfTI files (.nii, .nii.gz) become axial slices for a segmentation: --input flair=P_FLAIR.nii.gz --input \
      t1=P_T1.nii.gz --input mask=P_seg.nii.gz --target mask. --input FOLDER takes files PATIENT-CONTRAST.nii.gz, such as \
      those of BraTS, and --input train=FOLDER those of one split. No patient is in two splits. Intensities are z-scores of \
      the voxels that are not 0, by volume. Slices without brain are left out, and pictures are cut to the brain. Volumes \
      are not resampled. The file volumes.json keeps their geometry, so that predict writes masks as NIfTI. With --volumes \
      each volume is one sample, for a U-Net in three dimensions.

      A column of texts, or of paths of pictures, sounds or videos, becomes features of a pretrained encoder: --modality \
      text=transcript:text --encoder text=enc/minilm, --modality faces=clip:video --encoder faces=enc/vit. They are \
      computed once and kept, so a conversion that was stopped goes on. An empty text and a file without readable content \
      count as missing. `polyphony encoders` lists what can be fetched. --detect sound=enc/silero takes sounds without \
      speech as missing, and --detect faces=enc/mtcnn cuts pictures and frames to their largest face. With --inside \
      text=enc/minilm in place of --encoder the data keep tokens (pixels of pictures, samples of sounds), and the encoder \
      becomes a part of the model, which `train` may train too (model.encoders).
      """)

  @Option(
    help: ArgumentHelp(
      "The file to read, or a folder of volumes; several for single .npy arrays, train=FILE, NAME=FILE (a modality) or "
        + "NAME.train=FILE.",
      valueName: "file"), completion: .file(extensions: ConversionChoices.endings))
  var input: [String]

  @Option(help: ArgumentHelp("The data set folder to make or replace.", valueName: "folder"), completion: .directory)
  var output: String

  @OptionGroup var choices: ConversionChoices

  @OptionGroup var encoding: EncodingOptions

  func execute() throws {
    var options = try choices.options(input, output: output)
    if !encoding.encoder.isEmpty || !encoding.inside.isEmpty { _ = try DeviceOptions().preparedLibrary() }
    options.extractors = try encoding.extractors(options.modalities)
    let display = ConversionDisplay()
    let report = try DatasetConversion.run(options) { display.update($0) }
    display.clear()
    for note in report.notes { Terminal.note(note) }
    let task = report.description.task
    let samples = report.splits.map { "\($0.name) \($0.samples)" }.joined(separator: ", ")
    try StandardOutput.print("\(report.description.name): \(task.summary)")
    for modality in report.description.modalities {
      let shape = modality.sampleShape.map(String.init).joined(separator: "×")
      let origin = modality.encoder.map { "  of \($0.summary)" } ?? ""
      try StandardOutput.print("\(modality.name)  \(modality.kind.rawValue) \(shape)\(origin)")
    }
    try StandardOutput.print("\(samples) samples in \(output)")
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
    guard progress.unit == .bytes else {
      return show("encoding \(progress.split)  \(progress.done) of \(progress.total) inputs", share)
    }
    let (unit, name) = progress.total < 1_000_000_000 ? (1e6, "MB") : (1e9, "GB")
    let text = String(
      format: "converting %@  %3.0f %%  %.1f of %.1f %@", progress.split, share * 100, Double(progress.done) / unit,
      Double(progress.total) / unit, name)
    show(text, share)
  }

  private func show(_ text: String, _ share: Double) {
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
