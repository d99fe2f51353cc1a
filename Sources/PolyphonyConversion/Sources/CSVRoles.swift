import Polyphony

/// The columns of a table that are not features.
struct CSVRoles {
  var targets: [String] = []
  var id: String?
  var split: String?
  var group: String?

  var all: [String] { targets + [id, split, group].compactMap(\.self) }

  /// Finds the columns by the options, or by their usual names.
  /// - Throws: `Fault(.usage)` for an option that names no column.
  init(_ names: [String], _ options: ConversionOptions, isWhole: Bool, file: String) throws(Fault) {
    func place(_ wanted: String?, _ option: String, _ defaults: [String]) throws(Fault) -> String? {
      guard let wanted else { return defaults.first(where: names.contains) }
      // With several files, another one may hold the column.
      if names.contains(wanted) || isWhole { return names.contains(wanted) ? wanted : nil }
      throw Self.missing(wanted, option, names, file)
    }
    if let target = options.target {
      let choice = try TargetChoice(parsing: target, among: names)
      for key in choice.columns == nil ? choice.keys : [target] {
        if let found = try place(key, "--target", []) { targets.append(found) }
      }
    } else if let found = try place(nil, "--target", options.isForPrediction ? [] : options.targetNames) {
      targets = [found]
    }
    id = try place(options.id, "--id", [ConversionOptions.defaultID])
    split = try place(options.splitBy, "--split-by", [ConversionOptions.defaultSplitBy])
    group = try place(options.groupBy, "--group-by", [])
  }

  /// The fault of an option that names no column.
  static func missing(_ name: String, _ option: String, _ names: [String], _ file: String) -> Fault {
    Fault(
      .usage, "the table has no such column", file: file, key: option, found: name,
      expected: names.listed,
      remedy: Suggestion.question(for: name, among: names))
  }
}
