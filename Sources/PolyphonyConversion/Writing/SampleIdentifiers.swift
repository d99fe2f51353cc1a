import Polyphony

/// The whole number of every sample: its own, or one per different text, or its row in the source.
struct SampleIdentifiers {
  /// The numbers of the samples, for each split.
  private(set) var ids: [[Int]] = []
  /// The texts behind the numbers, in their order. It is nil if the source has numbers or no identifiers.
  private(set) var names: [String]?
  /// The key of the identifiers. It is nil if the samples have the numbers of their rows.
  private(set) var key: String?
  /// Sentences about identifiers that were not used.
  private(set) var notes: [String] = []

  /// Reads the identifiers of all splits.
  ///
  /// Identifiers must differ. Those of the usual key are not used if they repeat, and a note says so.
  /// - Throws: `Fault` if the requested key is absent, repeats, or does not have one entry per sample.
  init(_ table: SourceTable, _ options: ConversionOptions, _ sets: [SampleSet]) throws(Fault) {
    let key = options.id ?? ConversionOptions.defaultID
    guard sets.allSatisfy({ $0.part[key] != nil }) else {
      guard options.id == nil else {
        throw Fault(
          .usage, "there is no such key", file: table.file, key: "--id", found: key,
          expected: sets.first?.part.columns.map(\.name).joined(separator: ", "))
      }
      ids = Self.rows(sets)
      return
    }
    var columns: [[String]] = []
    for set in sets {
      let texts = try set.part[key]?.words()
      guard let texts, texts.count == set.count else {
        if options.id == nil {
          // MulT's files have video, start and end at this key.
          ids = Self.rows(sets)
          return
        }
        throw Fault(
          .badData, "there is not one id for each sample", file: table.file, key: "\(set.name).\(key)",
          found: set.part[key]?.summary, expected: "\(set.count) texts or whole numbers")
      }
      columns.append(set.choose(texts))
    }
    if let repeated = Self.repetition(columns, sets) {
      guard options.id == nil else {
        throw Fault(
          .badData, "an id stands for several samples", file: table.file, key: "--id", found: "\(key): \(repeated)",
          expected: "a different id for each sample",
          remedy: "leave --id out, and keep such samples together: --group-by \(key)")
      }
      notes.append(
        "\(key) identifies no samples (\(repeated)), so rows are numbered. If it names subjects or the like, "
          + "--group-by \(key) keeps each in one split")
      ids = Self.rows(sets)
      return
    }
    let numbers = columns.map { $0.compactMap { Int($0) } }
    self.key = key
    // Texts such as 1 and 01 differ, and their numbers do not.
    let distinct = Set(numbers.joined()).count
    if distinct == columns.reduce(0, { $0 + $1.count }) {
      ids = numbers
      return
    }
    var places: [String: Int] = [:]
    var names: [String] = []
    ids = columns.map { column in
      column.map { text in
        if let place = places[text] { return place }
        places[text] = names.count
        names.append(text)
        return names.count - 1
      }
    }
    self.names = names
  }

  private static func rows(_ sets: [SampleSet]) -> [[Int]] { sets.map { set in set.rows.map { set.offset + $0 } } }

  /// Describes ids that repeat, inside a split or in two. It is nil if all differ.
  private static func repetition(_ columns: [[String]], _ sets: [SampleSet]) -> String? {
    let samples = columns.reduce(0) { $0 + $1.count }
    let distinct = Set(columns.joined()).count
    guard distinct < samples else { return nil }
    var splits: [String: String] = [:]
    for (column, set) in zip(columns, sets) {
      for id in column {
        guard let split = splits.updateValue(set.name, forKey: id) else { continue }
        let place = split == set.name ? "twice in \(split)" : "in \(split) and \(set.name)"
        return "\(distinct) different values in \(samples) samples, «\(id)» \(place)"
      }
    }
    return nil
  }
}
