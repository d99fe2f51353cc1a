import Polyphony

/// The assignment of samples to splits.
struct SampleSets {
  let table: SourceTable
  let options: ConversionOptions

  /// The splits with sentences about how they were made.
  struct Outcome {
    var sets: [SampleSet]
    var notes: [String] = []
  }

  /// All samples of each part of the file. A file without splits is one part, named train.
  /// - Throws: `Fault(.badData)` for a part without samples and for too many.
  func wholes() throws(Fault) -> [SampleSet] {
    var sets: [SampleSet] = []
    var offset = 0
    for part in table.parts {
      let count = try count(part)
      let name = table.hasSplits ? part.name : "train"
      sets.append(SampleSet(name: name, part: part, rows: Array(0..<count), count: count, offset: offset))
      offset += count
    }
    return sets
  }

  /// Makes the splits: those of the file, those of its split column, or a seeded partition.
  /// - Parameter classes: the class of each sample of a file without splits. Random splits get the same share of every
  ///   class.
  /// - Throws: `Fault(.badData)` for columns of different lengths and unknown splits, `Fault(.usage)` for options about
  ///   splits that the file has already.
  func make(classes: [Double]? = nil) throws(Fault) -> Outcome {
    if table.hasSplits {
      if let splitBy = options.splitBy { throw surplus("--split-by", splitBy, remedy: nil) }
      try checkShares(remedy: "leave --split out")
      let sets = try wholes()
      return Outcome(sets: sets, notes: try leaks(sets))
    }
    guard let part = table.parts.first else { return Outcome(sets: []) }
    let count = try count(part)
    if let names = try splitNames(part) {
      let key = options.splitBy ?? ConversionOptions.defaultSplitBy
      try checkShares(remedy: "leave --split out, or rename the column \(key)")
      let sets = try group(part, names, count)
      return Outcome(sets: sets, notes: try leaks(sets))
    }
    return try options.groupBy == nil ? partition(part, count, classes) : groupPartition(part, count, classes)
  }

  private var shares: [Double] { options.ratios ?? ConversionOptions.defaultRatios }

  private func surplus(_ option: String, _ found: String, remedy: String?) -> Fault {
    Fault(
      .usage, "the file has splits already", file: table.file, key: option, found: found,
      expected: "a file without splits", remedy: remedy)
  }

  /// Refuses shares for splits that exist.
  private func checkShares(remedy: String) throws(Fault) {
    guard let ratios = options.ratios else { return }
    throw surplus("--split", ratios.map { "\($0)" }.joined(separator: ","), remedy: remedy)
  }

  /// Names groups that the file's own splits share.
  private func leaks(_ sets: [SampleSet]) throws(Fault) -> [String] {
    guard let key = options.groupBy else { return [] }
    var splits: [String: Set<String>] = [:]
    var isFound = false
    for set in sets {
      guard let groups = try Grouping.values(key, set.part, count: set.count, file: table.file) else { continue }
      isFound = true
      for group in Set(set.choose(groups)) { splits[group, default: []].insert(set.name) }
    }
    guard isFound else { throw noGroups(key, sets.first?.part) }
    let shared = splits.filter { $0.value.count > 1 }.keys.sorted()
    guard !shared.isEmpty else { return [] }
    return [
      "warning: the file's own splits share \(shared.count) of \(splits.count) groups of \(key): "
        + shared.prefix(6).joined(separator: ", ") + (shared.count > 6 ? ", …" : "")
    ]
  }

  private func noGroups(_ key: String, _ part: SourceTable.Part?) -> Fault {
    let names = part?.columns.map(\.name) ?? []
    return Fault(
      .usage, "there is no such key", file: table.file, key: "--group-by", found: key,
      expected: names.joined(separator: ", "), remedy: Suggestion.question(for: key, among: names))
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

  /// Assigns samples at random, with the same share of every class. Each share above 0 gets a sample if there are
  /// enough.
  private func partition(_ part: SourceTable.Part, _ count: Int, _ classes: [Double]?) throws(Fault) -> Outcome {
    let held = shares.dropFirst().map { $0 == 0 ? 0 : max(1, Int((Double(count) * $0).rounded())) }
    let train = count - held.reduce(0, +)
    guard train > 0 else {
      return Outcome(
        sets: [SampleSet(name: "train", part: part, rows: Array(0..<count), count: count, offset: 0)],
        notes: ["there are too few samples for several splits: all \(count) are in train"])
    }
    let partition = StratifiedPartition(
      classes ?? Array(repeating: 0, count: count), sizes: [train] + held, seed: options.seed)
    let sets = zip(["train", "valid", "test"], partition.rows).filter { !$1.isEmpty }.map { name, rows in
      SampleSet(name: name, part: part, rows: rows, count: count, offset: 0)
    }
    guard sets.count > 1 else { return Outcome(sets: sets) }
    let groupings = try table.groupings + Grouping.search(part)
    let manner = classes == nil ? "" : ", with the same share of every class"
    return Outcome(
      sets: sets,
      notes: ["the file has no splits: samples were assigned at random with seed \(options.seed)\(manner)"]
        + groupings.map(\.warning))
  }

  /// Assigns whole groups by the shares.
  private func groupPartition(
    _ part: SourceTable.Part, _ count: Int, _ classes: [Double]?
  ) throws(Fault) -> Outcome {
    let key = options.groupBy ?? ""
    guard let groups = try Grouping.values(key, part, count: count, file: table.file) else {
      throw noGroups(key, part)
    }
    let wanted = shares.count { $0 > 0 }
    let distinct = Set(groups).count
    guard distinct >= wanted else {
      throw Fault(
        .badData, "there are fewer groups than splits", file: table.file, key: "--group-by \(key)",
        found: "\(distinct) different values", expected: "\(wanted) or more",
        remedy: "make fewer splits, such as --split 0.8,0.2,0, or group by another column")
    }
    let partition = GroupPartition(groups, classes: classes, shares: shares, seed: options.seed)
    var sets: [SampleSet] = []
    var words: [String] = []
    for (index, name) in ["train", "valid", "test"].enumerated() where !partition.rows[index].isEmpty {
      let rows = partition.rows[index]
      sets.append(SampleSet(name: name, part: part, rows: rows, count: count, offset: 0))
      let share = Int((100 * Double(rows.count) / Double(count)).rounded())
      words.append("\(name) has \(partition.groupCounts[index]) groups (\(share) % of the samples)")
    }
    return Outcome(
      sets: sets,
      notes: [
        "no group of \(key) is in two splits: \(words.joined(separator: ", ")), assigned with seed \(options.seed)"
      ])
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
