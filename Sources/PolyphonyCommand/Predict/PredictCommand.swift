import ArgumentParser
import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The command `polyphony predict`.
struct PredictCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict a split of a data set folder, a table, a safetensors file, volumes, or one sample.",
    discussion: """
      The ending of --output names the form. A .csv, .tsv or .jsonl file (one JSON object a line) has a row per sample:
        id            the text from the data set's ids.json, else the id number, else the row from 0
        prediction    the class by its label, else by its number; the value of a regression
        probability_LABEL    the probability of each class of a classification
        several targets      prediction_TARGET for each, and target_TARGET and error_TARGET
        several labels       prediction (the names of those that hold, joined by +), predicted_LABEL (0 or 1) and \
      probability_LABEL for each, and target_LABEL and error_LABEL
        present       the modalities that the sample has, joined by +
        target, error where the data has targets; error is prediction - target for a regression, and 0 (right) or 1 \
      (wrong) for a classification
      Numbers read back as the same bits. CSV follows RFC 4180, with a newline after each line. In .csv and .tsv a text \
      that begins with =, +, -, @, a tab or a carriage return gets an apostrophe in front, so that no spreadsheet runs it \
      as a formula.

      A .safetensors file has prediction [N, outputs] (values, or logits), representation [N, width] and, where the \
      input has it, id [N]. Segmentations are written in this form, or as masks of volumes.

      A modality that the data leaves out is missing, if the model or its adapter is made for that.

      Example: polyphony predict --model runs/base/model --data Data/numerals --output predictions.csv

      --data may be a table of new samples if the model was trained on a converted table. The model knows the columns; \
      the target's column may be absent.

      Example: polyphony predict --model runs/mine --data new.csv --output predictions.csv

      --input gives one sample without --data, and prints the answer: numbers for a vector, or a file (.npy, \
      .safetensors, or .csv with a row per step) for any modality. A modality that is not given is missing.

      Example: polyphony predict --model runs/base/model --input imu=0.1,0.2,0.3 --input audio=clip.csv

      For a model that was trained on volumes, masks are written as NIfTI files in the geometry of the images: one file \
      (--output mask.nii.gz), or a folder with a file for each volume. --data may be the data set, or a folder of \
      patients; --input gives the contrasts of one patient.

      Example: polyphony predict --model runs/ms --input flair=p_FLAIR.nii.gz --input t1=p_T1.nii.gz --output mask.nii.gz

      A model that was trained on the features of an encoder takes the raw input, and computes them as its training did.

      Example: polyphony predict --model runs/mosi/model --input text="I loved it"
      """)

  @Option(help: ArgumentHelp("The model folder.", valueName: "folder"), completion: .directory)
  var model: String

  @Option(help: ArgumentHelp("An adapter folder for that model.", valueName: "folder"), completion: .directory)
  var adapter: String?

  @Option(
    help: ArgumentHelp(
      "A data set folder, a table (.csv, .tsv), a folder of volumes, or a safetensors file with a tensor for each modality.",
      valueName: "path"), completion: .file())
  var data: String?

  @Option(
    help: ArgumentHelp(
      "One modality of a single sample: numbers separated by commas, or a file; may be repeated.",
      valueName: "NAME=VALUE"), completion: .file())
  var input: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder of a modality's encoder; where it was in training.", valueName: "NAME=FOLDER"),
    completion: .directory)
  var encoder: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder of a modality's detector; where it was in training.", valueName: "NAME=FOLDER"),
    completion: .directory)
  var detect: [String] = []

  @Option(
    help: ArgumentHelp("The split of a data set folder.", valueName: "name"),
    completion: Completions.splits)
  var split = "test"

  @Option(
    help: ArgumentHelp(
      "The file to write: .csv, .tsv, .jsonl, .safetensors or .nii.gz, or a folder for masks; optional with --input.",
      valueName: "path"),
    completion: .file(extensions: ["csv", "tsv", "jsonl", "safetensors", "nii", "nii.gz"]))
  var output: String?

  @Option(help: ArgumentHelp("Samples per batch.", valueName: "count"))
  var batch = 256

  @Flag(help: "Prints the answer to --input as one JSON document.")
  var json = false

  @OptionGroup var checks: CheckOptions
  @OptionGroup var device: DeviceOptions

  func validate() throws {
    try checkCounts([("--batch", batch)])
    if data == nil, input.isEmpty {
      throw ValidationError("Give --data for the samples of a data set or a file, or --input for one sample.")
    }
    if data != nil, !input.isEmpty { throw ValidationError("Give --data or --input, not both.") }
    if data != nil, output == nil { throw ValidationError("--data needs --output, the file to write.") }
    if data != nil, json { throw ValidationError("--json prints the answer to --input; write --output x.jsonl here.") }
  }

  var checksAnew: Bool { checks.verify }

  var inputs: [CommandInput] {
    let files = input.compactMap { $0.split(separator: "=", maxSplits: 1).last.map(String.init) }
    return [.model(model)] + (adapter.map { [.adapter($0)] } ?? []) + (data.map { [.data($0)] } ?? [])
      + files.map { .file($0) }
  }

  func execute() throws {
    if let masks = try MaskOutput(output, data: data, inputs: input) { return try predict(masks) }
    if MaskOutput.areVolumes(input) {
      throw Fault(
        .usage, "the prediction of volumes is a mask", key: "--output", found: output ?? "nothing",
        expected: "a file for the mask", remedy: "--output mask.nii.gz")
    }
    let file = try output.map { (path) throws(Fault) in try PredictionOutput(path) }
    let place = try device.prepare()
    let start = try SeededFolders.only(model, adapter: adapter)
    let loaded = try ModelWithAdapter(start.model, adapter: start.adapter, device: place).model
    let task = loaded.configuration.task
    let isTable = file.map { $0.table != nil } ?? true
    if isTable { try PredictionTable.check(task) }
    guard let data else { return try answer(loaded, file, place) }
    let source = try SampleSource.read(
      data, split: split, for: loaded, wantsTargets: isTable, encoders: encoder, detectors: detect)
    let predictions = try predict(source.samples, loaded, place)
    let rows =
      isTable
      ? try PredictionTable(
        predictions, of: source.samples, configuration: loaded.configuration, target: source.target,
        names: source.names, labels: source.labels) : nil
    try file?.write(predictions, of: source.samples, rows: rows)
    Terminal.note("\(source.samples.count) predictions in \(output ?? "")")
  }

  /// The most slices of a volume that pass through the model at once.
  private static let mostSlices = 32

  /// Predicts volumes, and writes their masks.
  private func predict(_ masks: MaskOutput) throws {
    let place = try device.prepare()
    let start = try SeededFolders.only(model, adapter: adapter)
    let loaded = try ModelWithAdapter(start.model, adapter: start.adapter, device: place).model
    let task = loaded.configuration.task
    guard task.kind == .segmentation else {
      throw Fault(
        .usage, "the model makes no masks", key: "--output", found: "\(masks.path) for \(task.summary)",
        expected: "a model of a segmentation", remedy: "write a table: --output predictions.csv")
    }
    let source =
      if let data {
        try SampleSource.read(
          data, split: VolumesToPredict.isFolder(data) ? VolumesToPredict.split : split, for: loaded,
          wantsTargets: false, encoders: encoder, detectors: detect)
      } else {
        try SampleSource.volumes(input, for: loaded)
      }
    let count = try masks.write(source.samples, source: data ?? input[0]) { samples in
      let prediction = loaded.predict(samples, batchSize: min(batch, Self.mostSlices), device: place).prediction
      guard prediction.isFinite else { throw Evaluation.notFinite(model: model) }
      return prediction
    }
    Terminal.note(count == 1 ? "1 mask in \(masks.path)" : "\(count) masks in \(masks.path)")
  }

  /// Predicts the sample of `--input`, and prints the answer.
  private func answer(_ loaded: MultimodalModel, _ file: PredictionOutput?, _ place: Device) throws {
    let samples = try SingleSample.read(input, for: loaded, encoders: encoder, detectors: detect)
    let predictions = try predict(samples, loaded, place)
    guard loaded.configuration.task.kind != .segmentation else {
      try file?.write(predictions, of: samples, rows: nil)
      return Terminal.note("1 prediction in \(output ?? "")")
    }
    let rows = try PredictionTable(predictions, of: samples, configuration: loaded.configuration)
    if let file {
      try file.write(predictions, of: samples, rows: rows)
      Terminal.note("1 prediction in \(file.path)")
    }
    if json {
      try StandardOutput.print(SingleAnswer.document(rows).text())
    } else {
      let names = loaded.configuration.modalities.map(\.name)
      try StandardOutput.print(SingleAnswer.text(rows, names, glyphs: Terminal.glyphs), terminator: "")
    }
  }

  private func predict(_ samples: UnlabelledSplit, _ loaded: MultimodalModel, _ place: Device) throws -> Predictions {
    let predictions = loaded.predict(samples, batchSize: batch, device: place)
    guard predictions.prediction.isFinite else { throw Evaluation.notFinite(model: model) }
    return predictions
  }
}
