import Polyphony

/// The assignment of patients to splits. No person is in two, unless there are too few.
struct VolumeSplits {
  /// Slices of one patient.
  struct Part: Equatable {
    /// The place of the patient.
    var patient: Int
    /// The slices by their indices in the file.
    var slices: [Int]

    /// The number of slices from the first to the last one.
    var span: Int { abs((slices.last ?? 0) - (slices.first ?? 0)) + 1 }

    /// The indices in the file of all slices from the first one on, as many as `depth`. It is nil behind the last one.
    func planes(depth: Int) -> [Int?] {
      let (first, last) = (slices.first ?? 0, slices.last ?? 0)
      let step = last < first ? -1 : 1
      return (0..<depth).map { $0 < span ? first + step * $0 : nil }
    }
  }

  /// The slices of each split.
  private(set) var splits: [(name: String, parts: [Part])] = []
  /// Sentences about how the splits were made.
  private(set) var notes: [String] = []

  private let patients: [ScannedPatient]
  private let seed: UInt64

  /// The names of splits in their order.
  private static let names = ["train", "valid", "test"]

  /// Assigns all patients: as the user has said, or by shares.
  /// - Throws: `Fault(.usage)` for shares of patients that have splits already.
  init(_ patients: [ScannedPatient], options: ConversionOptions) throws(Fault) {
    (self.patients, seed) = (patients, options.seed)
    let all = patients.indices.map { Part(patient: $0, slices: patients[$0].slices) }
    guard patients.contains(where: { $0.files.split != nil }) else {
      let shares = options.ratios ?? ConversionOptions.defaultRatios
      let parts = divide(all, shares, Self.names)
      splits = zip(Self.names, parts).filter { !$1.isEmpty }
      return
    }
    if let ratios = options.ratios {
      throw Fault(
        .usage, "the patients have splits already", key: "--split",
        found: ratios.map { "\($0)" }.joined(separator: ","), expected: "--input FOLDER without a split",
        remedy: "leave --split out")
    }
    for name in Self.names {
      let parts = all.filter { patients[$0.patient].files.split == name }
      if !parts.isEmpty { splits.append((name, parts)) }
    }
    guard splits.first?.name == "train", !splits.contains(where: { $0.name == "valid" }) else { return }
    let parts = divide(splits[0].parts, [1 - ValidationShare.share, ValidationShare.share], ["train", "valid"])
    if !parts[1].isEmpty { splits.replaceSubrange(0..<1, with: [("train", parts[0]), ("valid", parts[1])]) }
  }

  /// Divides patients by shares: whole persons, or blocks of slices where there are too few of them.
  private mutating func divide(_ parts: [Part], _ shares: [Double], _ names: [String]) -> [[Part]] {
    let slices = parts.flatMap { part in part.slices.map { Part(patient: part.patient, slices: [$0]) } }
    let subjects = slices.map { patients[$0.patient].files.subject }
    let (persons, wanted) = (Set(subjects).count, shares.count { $0 > 0 })
    guard persons < wanted else { return divide(slices, subjects, shares, names) }
    if persons > 1 {
      // Test gets a person of its own, and the others share the rest.
      let sums = [shares[0] + shares[1], 0, shares[2]]
      var whole = divide(slices, subjects, sums, names)
      let rest = divide(whole[0], [shares[0], shares[1]], Array(names.prefix(2)))
      whole.replaceSubrange(0..<2, with: rest)
      return whole
    }
    notes.append(
      "warning: \(Self.list(names.indices.filter { shares[$0] > 0 }.map { names[$0] })) are blocks of slices of one "
        + "patient, so scores will be too good. Add patients, or give each split its own: --input test=FOLDER")
    return blocks(slices, shares)
  }

  /// Assigns whole persons.
  private mutating func divide(
    _ slices: [Part], _ subjects: [String], _ shares: [Double], _ names: [String]
  ) -> [[Part]] {
    let partition = GroupPartition(subjects, shares: shares, seed: seed)
    let counts = names.indices.filter { partition.groupCounts[$0] > 0 }.map { place in
      "\(names[place]) has \(partition.groupCounts[place])"
    }
    notes.append("no patient is in two splits: \(counts.joined(separator: ", ")), assigned with seed \(seed)")
    return partition.rows.map { rows in Self.joined(rows.map { slices[$0] }) }
  }

  /// Divides the slices of one person into blocks from below. A slice weighs by the share of lesions that it holds, so
  /// that every block has some.
  private func blocks(_ slices: [Part], _ shares: [Double]) -> [[Part]] {
    let lesions = slices.map { Double(patients[$0.patient].lesionVoxels(in: $0.slices[0])) }
    let total = max(1, lesions.reduce(0, +))
    let weights = lesions.map { 0.5 / Double(slices.count) + 0.5 * $0 / total }
    let unit = weights.reduce(0, +) / shares.reduce(0, +)
    let wanted = shares.indices.filter { shares[$0] > 0 }
    var blocks: [[Part]] = shares.map { _ in [] }
    var (weight, border, place) = (0.0, shares[wanted[0]] * unit, 0)
    for (index, slice) in slices.enumerated() {
      let left = slices.count - index
      let isFull = weight + weights[index] / 2 > border && !blocks[wanted[place]].isEmpty
      if place + 1 < wanted.count, isFull || left < wanted.count - place {
        place += 1
        border += shares[wanted[place]] * unit
      }
      blocks[wanted[place]].append(slice)
      weight += weights[index]
    }
    return blocks.map(Self.joined)
  }

  /// Puts slices of one patient, which follow each other, into one part.
  private static func joined(_ slices: [Part]) -> [Part] {
    slices.reduce(into: []) { parts, slice in
      if parts.last?.patient == slice.patient {
        parts[parts.count - 1].slices += slice.slices
      } else {
        parts.append(slice)
      }
    }
  }

  private static func list(_ names: [String]) -> String {
    names.count < 2
      ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }
}
