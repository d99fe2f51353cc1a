import Polyphony

/// A column that joins samples to groups, such as those of one subject. Random splits would mix a group.
struct Grouping: Equatable {
  /// The column's name.
  var name: String
  /// The number of different values.
  var groups: Int
  /// The number of samples.
  var samples: Int

  /// A warning for random splits.
  var warning: String {
    "warning: \(name) looks like a group (\(groups) different values in \(samples) samples). Random splits mix its "
      + "samples, so scores can be too good. --group-by \(name) keeps each group in one split"
  }

  private static let bases = [
    "subject", "subj", "speaker", "participant", "patient", "user", "person", "video", "session", "group", "site",
  ]
  private static let endings: Set<String> = ["", "s", "id", "ids", "name", "no", "nr", "number", "num", "code", "key"]

  /// Returns true for a name such as `subject`, `Speaker ID` or `video_id`, but not for `video_0`.
  static func isName(_ name: String) -> Bool {
    let letters = String(name.lowercased().filter { $0.isLetter || $0.isNumber })
    return bases.contains { letters.hasPrefix($0) && endings.contains(String(letters.dropFirst($0.count))) }
  }

  /// Finds columns with such a name and repeated values.
  static func search(_ part: SourceTable.Part) throws(Fault) -> [Grouping] {
    var found: [Grouping] = []
    for (name, column) in part.columns where isName(name.lastPart) {
      guard let words = try column.words() else { continue }
      let groups = Set(words).count
      if groups < words.count { found.append(Grouping(name: name, groups: groups, samples: words.count)) }
    }
    return found
  }

  /// Returns the group of each sample of a part. It is nil if the part has no such column.
  /// - Throws: `Fault(.badData)` for a column that is no list of texts or numbers, and for a sample without a group.
  static func values(_ key: String, _ part: SourceTable.Part, count: Int, file: String) throws(Fault) -> [String]? {
    guard let column = part[key] else { return nil }
    guard let words = try column.words(), words.count == count else {
      throw Fault(
        .badData, "there is not one group for each sample", file: file, key: key, found: column.summary,
        expected: "\(count) texts or numbers")
    }
    if let row = words.firstIndex(where: { $0.isEmpty || $0 == "nan" }) {
      throw Fault(
        .badData, "a sample has no group", file: file, key: key, found: "an empty field in sample \(row)",
        expected: "a value in every row", remedy: "name the group, or remove the row")
    }
    return words
  }
}
