import Polyphony

/// The choice of the arrays that become modalities, and of their form.
struct ModalitySelection {
  /// A modality with its source.
  struct Entry {
    let modality: Modality
    let key: String
    /// True if `[N, A, B]` becomes `[N, B, A]`, for MMSA's token arrays.
    let swapsAxes: Bool
  }

  let table: SourceTable
  let options: ConversionOptions
  let sets: [SampleSet]

  /// MMSA's key of BERT's token numbers, mask and segments.
  static let tokens = "text_bert"
  private static let usualOrder = ["text", tokens, "audio", "vision"]

  /// Selects the modalities, in the order of the result.
  /// - Throws: `Fault` if there is none, or if one is not an array of samples or differs between splits.
  func make() throws(Fault) -> [Entry] {
    guard let first = sets.first?.part else { return [] }
    var choices = options.modalities.map {
      (name: $0.name, key: $0.content == nil ? $0.keys?.first ?? $0.name : $0.name)
    }
    if let many = options.modalities.first(where: { ($0.keys?.count ?? 1) > 1 }), !table.holdsChoices {
      throw Fault(
        .usage, "a modality is made of one array", file: table.file, key: "--modality \(many.name)",
        found: many.keys?.joined(separator: ","), expected: "one key; several are for columns of a table")
    }
    if table.holdsChoices, table.format == "CSV" {
      let found = first.columns.compactMap { if case .array = $0.column { $0.name } else { nil } }
      // Features of raw inputs stand after all columns of numbers. The result has the user's order.
      let wanted = options.modalities.map(\.name).filter(found.contains)
      choices = (wanted + found.filter { !wanted.contains($0) }).map { ($0, $0) }
    } else if choices.isEmpty || table.holdsChoices {
      choices = found(first)
    } else if let form = options.text {
      choices = choices.map { $0.name == "text" && $0.key == "text" ? ("text", form.rawValue) : $0 }
    }
    guard !choices.isEmpty else {
      throw Fault(
        .badData, "no array can be a modality", file: table.file, found: first.summary,
        expected: "arrays of numbers with samples first, such as [N, length, features]",
        remedy: "choose arrays: --modality NAME=KEY")
    }
    var entries: [Entry] = []
    for choice in choices { entries.append(try entry(choice.name, choice.key)) }
    return entries
  }

  /// Finds the arrays of at least two dimensions that are neither lengths nor targets, first text, audio and vision.
  private func found(_ part: SourceTable.Part) -> [(name: String, key: String)] {
    let text = options.text?.rawValue ?? (part["text"] == nil ? Self.tokens : "text")
    var keys: [String] = []
    for (name, column) in part.columns {
      guard case .array(let array) = column, (2...4).contains(array.shape.count), array.shape.allSatisfy({ $0 > 0 })
      else { continue }
      if name == "text" || name == Self.tokens, name != text { continue }
      let last = name.lastPart
      let isOther =
        last.contains("label") || options.targetNames.contains(last)
        || options.chosenTarget?.keys.contains(name) == true
        || last.hasSuffix("_lengths") || last.hasSuffix("length") || last.hasSuffix("_present")
        || name == options.id || name == options.groupBy || name == options.splitBy
        || last == ConversionOptions.defaultID || last == PresenceColumn.key
      if !isOther { keys.append(name) }
    }
    let usual = Self.usualOrder.filter(keys.contains)
    return (usual + keys.filter { !usual.contains($0) }).map { key in
      if key == Self.tokens { return ("text", key) }
      // The last part of a path is its name, if that is unique.
      let isUnique = keys.count { $0.lastPart == key.lastPart } == 1
      return (isUnique ? key.lastPart : String(key.map { $0 == "/" ? "_" : $0 }), key)
    }
  }

  private func entry(_ name: String, _ key: String) throws(Fault) -> Entry {
    var form: Modality?
    let swapsAxes = key == Self.tokens
    for set in sets {
      guard let column = set.part[key] else {
        throw Fault(
          .usage, "there is no such key", file: table.file,
          key: table.hasSplits ? "\(set.name).\(key)" : key, found: set.part.summary, expected: "the array of \(name)",
          remedy: Suggestion.question(for: key, among: set.part.columns.map(\.name)))
      }
      guard case .array(let array) = column else {
        throw Fault(
          .badData, "this can be no modality", file: table.file, key: key, found: column.summary,
          expected: "an array of numbers, samples first",
          remedy: "objects and lists have no fixed shape: save a plain array, np.stack(x).astype('float32')")
      }
      var modality = try modality(name, key, array, swapsAxes)
      if let raw = table.raws[key] { modality = raw }
      (modality.columns, modality.encoder) = (table.columns[key], table.encoders[key])
      guard form == nil || form == modality else {
        throw Fault(
          .badData, "a modality has another shape in another split", file: table.file, key: "\(set.name).\(key)",
          found: "\(modality.sampleShape)", expected: "\(form?.sampleShape ?? [])")
      }
      form = modality
      guard array.shape[0] == set.count else {
        throw Fault(
          .badData, "a modality has another number of samples", file: table.file, key: "\(set.name).\(key)",
          found: "\(array.shape[0])", expected: "\(set.count)")
      }
    }
    guard let form else {
      throw Fault(.badData, "there are no samples", file: table.file, key: key)
    }
    return Entry(modality: form, key: key, swapsAxes: swapsAxes)
  }

  private func modality(
    _ name: String, _ key: String, _ array: NumPyArray, _ swapsAxes: Bool
  ) throws(Fault) -> Modality {
    let extents = Array(array.shape.dropFirst())
    let isAllowed = !["target", "presence", "id", ""].contains(name) && !name.contains(".")
    guard isAllowed else {
      throw Fault(
        .badData, "a modality cannot have this name", file: table.file, key: "--modality", found: name,
        expected: "a name without dots that is not target, presence or id", remedy: "rename it: --modality NAME=\(key)")
    }
    guard extents.allSatisfy({ $0 > 0 }) else {
      throw Fault(
        .badData, "an array has no numbers", file: table.file, key: key, found: array.summary,
        expected: "extents above 0")
    }
    switch extents.count {
    case 0: return .vector(name, features: 1)
    case 1: return .vector(name, features: extents[0])
    case 2 where swapsAxes: return .sequence(name, features: extents[0], length: extents[1])
    case 2: return .sequence(name, features: extents[1], length: extents[0])
    case 3: return .image(name, channels: extents[0], height: extents[1], width: extents[2])
    case 4:
      return .volume(name, channels: extents[0], depth: extents[1], height: extents[2], width: extents[3])
    default:
      throw Fault(
        .badData, "an array has too many dimensions", file: table.file, key: key, found: array.summary,
        expected: "[N, features], [N, length, features], [N, channels, height, width] or "
          + "[N, channels, depth, height, width]")
    }
  }
}
