import Polyphony

/// The assignment of samples to splits.
struct SampleSets {
  let table: SourceTable
  let options: ConversionOptions

  /// Makes the splits: those of the file, those of its split column, or a seeded partition.
  /// - Throws: `Fault(.badData)` for columns of different lengths and unknown splits.
  func make() throws(Fault) -> [SampleSet] {
    if table.hasSplits {
      if let splitBy = options.splitBy {
        throw Fault(
          .usage, "the file has splits already", file: table.file, key: "--split-by", found: splitBy,
          expected: "a file without splits")
      }
      var sets: [SampleSet] = []
      var offset = 0
      for part in table.parts {
        let count = try count(part)
        sets.append(SampleSet(name: part.name, part: part, rows: Array(0..<count), count: count, offset: offset))
        offset += count
      }
      return sets
    }
    guard let part = table.parts.first else { return [] }
    let count = try count(part)
    if let names = try splitNames(part) { return try group(part, names, count) }
    return partition(part, count)
  }

  /// Returns the number of samples of a part, from its first column with several dimensions.
  private func count(_ part: SourceTable.Part) throws(Fault) -> Int {
    let arrays = part.columns.compactMap { column -> Int? in
      if case .array(let array) = column.column, array.shape.count > 1 { array.shape.first } else { nil }
    }
    guard let count = arrays.first ?? part.columns.lazy.compactMap(\.column.count).first, count > 0 else {
      throw Fault(
        .badData, "there are no samples", file: table.file, key: part.name.isEmpty ? nil : part.name,
        found: part.summary, expected: "arrays with an entry for each sample")
    }
    guard count <= SourceColumn.mostSamples else {
      throw Fault(
        .badData, "there are too many samples", file: table.file, found: "\(count)",
        expected: "at most \(SourceColumn.mostSamples)")
    }
    return count
  }

  private func splitNames(_ part: SourceTable.Part) throws(Fault) -> [String]? {
    let key = options.splitBy ?? ConversionOptions.defaultSplitBy
    guard let column = part[key] else {
      guard options.splitBy != nil else { return nil }
      throw Fault(
        .usage, "there is no such key", file: table.file, key: "--split-by", found: key, expected: part.summary)
    }
    guard case .texts(let names) = column else {
      throw Fault(
        .badData, "the splits are no texts", file: table.file, key: key, found: column.summary,
        expected: "train, valid or test for each sample")
    }
    return names
  }

  private func group(_ part: SourceTable.Part, _ names: [String], _ count: Int) throws(Fault) -> [SampleSet] {
    guard names.count == count else {
      throw Fault(
        .badData, "there is not one split for each sample", file: table.file, found: "\(names.count)",
        expected: "\(count)")
    }
    var rows: [String: [Int]] = [:]
    for (row, name) in names.enumerated() {
      guard let split = SourceTable.splitName(name) else {
        throw Fault(
          .badData, "a sample's split is unknown", file: table.file, key: "sample \(row)", found: "«\(name)»",
          expected: "train, valid or test")
      }
      rows[split, default: []].append(row)
    }
    return ["train", "valid", "test"].compactMap { name in
      rows[name].map { SampleSet(name: name, part: part, rows: $0, count: count, offset: 0) }
    }
  }

  /// Shuffles the samples and cuts the order by the shares. Each share above 0 gets a sample if there are enough.
  private func partition(_ part: SourceTable.Part, _ count: Int) -> [SampleSet] {
    var order = Array(0..<count)
    var generator = SplitMix64(state: options.seed)
    order.shuffle(using: &generator)
    let held = options.ratios.dropFirst().map { $0 == 0 ? 0 : max(1, Int((Double(count) * $0).rounded())) }
    let train = count - held.reduce(0, +)
    guard train > 0 else {
      return [SampleSet(name: "train", part: part, rows: Array(0..<count), count: count, offset: 0)]
    }
    var sets: [SampleSet] = []
    var start = 0
    for (name, share) in zip(["train", "valid", "test"], [train] + held) where share > 0 {
      let rows = order[start..<start + share].sorted()
      sets.append(SampleSet(name: name, part: part, rows: rows, count: count, offset: 0))
      start += share
    }
    return sets
  }
}

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), which gives the same numbers on every machine without libtorch.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
