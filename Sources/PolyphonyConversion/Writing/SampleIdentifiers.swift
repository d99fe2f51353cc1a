import Polyphony

/// The whole number of every sample: its own, or one per different text, or its row in the source.
struct SampleIdentifiers {
  /// The numbers of the samples, for each split.
  private(set) var ids: [[Int]] = []
  /// The texts behind the numbers, in their order. It is nil if the source has numbers or no identifiers.
  private(set) var names: [String]?

  /// Reads the identifiers of all splits.
  /// - Throws: `Fault` if the requested key is absent, or does not have one entry per sample.
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
      let texts = try Self.texts(set.part[key])
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
    let numbers = columns.map { $0.compactMap { Int($0) } }
    if zip(numbers, columns).allSatisfy({ $0.count == $1.count }) {
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

  private static func texts(_ column: SourceColumn?) throws(Fault) -> [String]? {
    guard let column else { return nil }
    if case .texts(let texts) = column { return texts }
    guard let numbers = try column.numbers() else { return nil }
    return numbers.map { number in Int(exactly: number).map(String.init) ?? "\(number)" }
  }
}
