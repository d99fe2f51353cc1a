import Foundation
import Polyphony

/// A table with samples for a model that was trained on a table.
///
/// The model's configuration names the columns of each modality and of the target. A table without the target's column
/// is the usual case. A modality whose columns are all absent is left out.
package struct TableToPredict {
  /// The split of the data set with all rows of the table, in their order.
  package static let split = "rows"

  private let path: String
  private let configuration: ModelConfiguration
  private let modalities: [ConversionOptions.ModalityChoice]
  private let extractors: [String: any FeatureExtractor]
  /// The column of the targets. It is nil if the table has none.
  private let target: String?

  /// Returns true if the file's name ends like that of a table.
  package static func isTable(_ path: String) -> Bool { InputFile(path: path).isTable }

  /// Reads the header of a table, and finds the columns of the model.
  /// - Parameter extractors: the computations of features, by the names of the model's raw modalities.
  /// - Throws: `Fault(.badData)` for a model that was not trained on a table, for a table without the columns of the
  ///   model or with some columns of a modality alone, and the errors of the file.
  package init(
    _ path: String, for configuration: ModelConfiguration, extractors: [String: any FeatureExtractor] = [:]
  ) throws(Fault) {
    (self.path, self.configuration) = (path, configuration)
    let names = try CSVTable(try RandomAccessFile(path), split: "").names
    var modalities: [ConversionOptions.ModalityChoice] = []
    for modality in configuration.inputModalities {
      guard let columns = modality.columns else { throw Self.noColumns(modality, path) }
      let absent = columns.filter { !names.contains($0) }
      guard absent.count < columns.count else { continue }
      guard let first = absent.first else {
        let content = modality.encoder.flatMap { RawContent(rawValue: $0.content) }
        modalities.append(.init(name: modality.name, keys: columns, content: content))
        continue
      }
      throw Fault(
        .badData, "the table lacks columns of a modality", file: path, key: modality.name, found: names.listed,
        expected: absent.listed,
        remedy: Suggestion.question(for: first, among: names)
          ?? "add the columns; an empty field is a missing cell")
    }
    guard !modalities.isEmpty else {
      throw Fault(
        .badData, "the table has no column of the model", file: path, found: names.listed,
        expected: configuration.inputModalities.flatMap { $0.columns ?? [] }.listed)
    }
    self.modalities = modalities
    self.extractors = extractors.filter { name, _ in modalities.contains { $0.name == name } }
    target = configuration.task.column.flatMap { names.contains($0) ? $0 : nil }
  }

  /// Writes a data set with one split, named ``split``.
  /// - Returns: Sentences about missing cells, identifiers and targets.
  /// - Throws: `Fault(.badData)` with line and column, `Fault(.cannotWrite)`.
  @discardableResult
  package func write(
    to folder: String, progress: (DatasetConversion.Progress) -> Void = { _ in }
  ) throws(Fault) -> [String] {
    var options = ConversionOptions(inputs: [path], output: folder)
    (options.modalities, options.target, options.isForPrediction) = (modalities, target, true)
    options.extractors = extractors
    let raws = try RawModalities(options, folder: path.parentFolder)
    let opened = try SourceFile.open([InputFile(path: path)], options, folder: folder.parentFolder)
    let table = try raws.computed(opened, scratchFolder: folder.parentFolder, progress: progress)
    let splitting = SampleSets(table: table, options: options)
    let sets = try splitting.wholes().map { whole in
      SampleSet(name: Self.split, part: whole.part, rows: whole.rows, count: whole.count, offset: 0)
    }
    let entries = try ModalitySelection(table: table, options: options, sets: sets).make()
    let identifiers = try SampleIdentifiers(table, options, sets)
    var notes = Array(table.notes.dropFirst(opened.notes.count)) + identifiers.notes
    var writings: [SplitWriting] = []
    for (set, ids) in zip(sets, identifiers.ids) {
      let known = try target.map { (column) throws(Fault) in
        try KnownTarget(set, column: column, task: configuration.task, file: path)
      }
      if let note = known?.note { notes.append(note) }
      var lengths: [SampleLengths] = []
      for entry in entries { lengths.append(try SampleLengths(entry, set, file: path)) }
      writings.append(
        SplitWriting(
          set: set, entries: entries, lengths: lengths, target: known?.values, task: configuration.task, ids: ids,
          source: path))
    }
    var description = DatasetDescription(
      name: path.lastPart, task: configuration.task, modalities: entries.map(\.modality),
      splits: [Self.split: .init(file: "\(Self.split).safetensors")])
    try AtomicFolder.write(to: folder, replacing: .dataset) { (folder) throws(Fault) in
      try DatasetConversion.write(writings, &description, &notes, to: folder) { _ in }
      if let names = identifiers.names { try JSONFile.write(names, to: "\(folder)/ids.json") }
      try JSONFile.write(description, to: "\(folder)/dataset.json")
    }
    return notes
  }

  private static func noColumns(_ modality: Modality, _ path: String) -> Fault {
    Fault(
      .badData, "the model does not know which columns make its modalities", file: path, key: modality.name,
      found: "a model whose training data came from several files, or from no table",
      expected: "a model that was trained on one converted table",
      remedy:
        "convert the table with `polyphony data convert --modality \(modality.name)=COLUMN,COLUMN`, and name its folder"
    )
  }
}
