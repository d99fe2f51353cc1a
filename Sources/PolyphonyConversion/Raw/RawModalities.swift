import Polyphony
import Torch

/// The columns of raw inputs whose place their features take.
struct RawModalities {
  private let choices: [ConversionOptions.ModalityChoice]
  private let extractors: [String: any FeatureExtractor]
  /// The folder that relative paths in cells start from.
  private let folder: String

  /// Finds the chosen raw modalities with their extractors.
  /// - Throws: `Fault(.usage)` for a raw modality without an extractor, an extractor without a raw modality, and an
  ///   extractor of another content.
  init(_ options: ConversionOptions, folder: String) throws(Fault) {
    choices = options.modalities.filter { $0.content != nil }
    extractors = options.extractors
    self.folder = folder
    for (name, extractor) in extractors.sorted(by: { $0.key < $1.key }) {
      guard let choice = choices.first(where: { $0.name == name }) else {
        throw Fault(
          .usage, "an encoder has no column to read", key: "--encoder", found: name,
          expected: choices.isEmpty ? "a raw modality" : choices.map(\.name).joined(separator: ", "),
          remedy: "name the column and what it holds: --modality \(name)=COLUMN:\(extractor.content.rawValue)")
      }
      guard choice.content == extractor.content else {
        throw Fault(
          .usage, "an encoder reads another content than the column holds", key: "--encoder \(name)",
          found: extractor.record.family, expected: "an encoder of \(choice.content?.rawValue ?? "")")
      }
    }
    if let bare = choices.first(where: { extractors[$0.name] == nil }), let content = bare.content {
      throw Fault(
        .usage, "a raw modality has no encoder", key: "--modality", found: "\(bare.name)=…:\(content.rawValue)",
        expected: "an encoder that makes numbers of it", remedy: "--encoder \(bare.name)=FOLDER")
    }
  }

  /// Returns the table with features in place of raw inputs.
  /// - Throws: `Fault(.badData)` for a column that holds no texts, and the errors of the extractors.
  func computed(
    _ table: SourceTable, scratchFolder: String, progress: (DatasetConversion.Progress) -> Void
  ) throws(Fault) -> SourceTable {
    var table = table
    for choice in choices {
      guard let extractor = extractors[choice.name] else { continue }
      let cells = try table.parts.map { (part) throws(Fault) in try texts(of: choice, part, table) }
      let found = try extractor.features(of: cells.flatMap(\.self), folder: folder) { done, total in
        progress(.init(split: choice.name, done: done, total: total, unit: .inputs))
      }
      let longest = max(1, found.steps.max() ?? 1)
      let raw = extractor.rawModality(choice.name, length: longest)
      let shape = raw?.sampleShape ?? (found.isSequence ? [longest, found.width] : [found.width])
      var start = 0
      for (index, texts) in cells.enumerated() {
        let columns = try columns(
          choice.name, found, start..<start + texts.count, shape, raw?.kind.elementType ?? .f32, scratchFolder)
        table.parts[index].columns.removeAll { $0.name == choice.name }
        table.parts[index].columns += columns
        start += texts.count
      }
      table.notes += found.notes
      let empty = found.steps.count { $0 == 0 }
      if empty > 0 {
        table.notes.append(
          "\(empty) of \(found.steps.count) inputs of \(choice.name) have no content. They count as missing")
      }
      table.columns[choice.name] = choice.keys
      table.encoders[choice.name] = extractor.record
      table.raws[choice.name] = raw
    }
    return table
  }

  private func texts(
    of choice: ConversionOptions.ModalityChoice, _ part: SourceTable.Part, _ table: SourceTable
  ) throws(Fault) -> [String] {
    let key = choice.keys?.first ?? choice.name
    let column = table.holdsChoices ? part[choice.name] : part[key]
    guard case .texts(let texts)? = column else {
      throw Fault(
        .badData, "a raw modality needs a column of texts", file: table.file, key: key,
        found: column?.summary ?? part.summary, expected: "a text for each sample")
    }
    return texts
  }

  /// Writes the features of one part to the disk, padded to the shape of a sample.
  private func columns(
    _ name: String, _ found: ExtractedFeatures, _ inputs: Range<Int>, _ shape: [Int], _ type: SafetensorsType,
    _ scratchFolder: String
  ) throws(Fault) -> [(name: String, column: SourceColumn)] {
    let scratch = try ScratchFile(in: scratchFolder)
    let count = shape.reduce(1, *)
    for input in inputs {
      var numbers = found.steps[input] > 0 ? try found.read(input) : []
      guard numbers.count <= count else {
        throw Fault(
          .failure, "an input has too many numbers", key: name, found: "\(numbers.count)", expected: "\(shape)")
      }
      numbers += Array(repeating: 0, count: count - numbers.count)
      try withRawBytes(of: type.bytes(of: numbers)) { (bytes) throws(Fault) in try scratch.append(bytes) }
    }
    guard
      let array = NumPyArray(
        type: ElementType(type), shape: [inputs.count] + shape, isFortran: false,
        content: .bytes(try scratch.range(from: 0)))
    else { throw Fault(.failure, "features have no array", key: name, found: "\(shape)") }
    let steps = found.steps[inputs].map(Double.init)
    let presence: (String, [Double]) =
      found.isSequence ? ("\(name)_lengths", steps) : ("\(name)_present", steps.map { min($0, 1) })
    return [(name, .array(array)), (presence.0, .numbers(presence.1))]
  }
}
