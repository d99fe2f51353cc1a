import Polyphony

/// The decision which columns of a table become which modality, and which are left out.
struct CSVPlan {
  /// A modality with the names of its columns.
  struct Group: Equatable {
    var name: String
    var columns: [String]
  }

  /// The modality of columns whose names have no prefix.
  static let features = "features"
  private static let mostGroups = 64

  /// The modalities in their order.
  private(set) var groups: [Group] = []
  /// The raw modalities with the column of each.
  private(set) var raws: [(name: String, column: String)] = []
  /// Sentences about columns that are left out.
  private(set) var notes: [String] = []
  /// Columns that look like groups and have no role.
  private(set) var groupings: [Grouping] = []

  private let profile: CSVProfile
  private let roles: CSVRoles
  private let file: String

  /// Decides about all columns.
  /// - Parameter modality: the modality of all features, for a file that holds one.
  /// - Throws: `Fault(.usage)` for a modality of unknown columns, `Fault(.badData)` for a column of numbers and texts
  ///   and for a table without features.
  init(
    _ profile: CSVProfile, _ roles: CSVRoles, _ options: ConversionOptions, modality: String?, file: String
  ) throws(Fault) {
    (self.profile, self.roles, self.file) = (profile, roles, file)
    groupings = profile.columns.compactMap { column in
      guard !roles.all.contains(column.name), Self.isGroup(column), let groups = column.values?.count,
        groups < profile.rows
      else { return nil }
      return Grouping(name: column.name, groups: groups, samples: profile.rows)
    }
    if options.modalities.isEmpty || modality != nil {
      try infer(options, modality)
    } else {
      try choose(options.modalities)
    }
    if groups.isEmpty, raws.isEmpty, modality == nil {
      throw Fault(
        .badData, "the table has no features", file: file, found: profile.columns.map(\.name).joined(separator: ", "),
        expected: "columns of numbers besides target, id, split and group")
    }
  }

  /// Takes the columns that the user chose.
  private mutating func choose(_ choices: [ConversionOptions.ModalityChoice]) throws(Fault) {
    let names = profile.columns.map(\.name)
    for choice in choices {
      var columns: [String] = []
      for key in choice.keys ?? [] {
        guard names.contains(key) else { throw CSVRoles.missing(key, "--modality", names, file) }
        columns.append(key)
      }
      if choice.keys == nil {
        columns = names.filter { Self.prefix($0) == choice.name && !roles.all.contains($0) }
        if columns.isEmpty, names.contains(choice.name) { columns = [choice.name] }
        if columns.isEmpty { throw CSVRoles.missing(choice.name, "--modality", names, file) }
      }
      if let target = roles.targets.first(where: columns.contains) {
        throw Fault(
          .usage, "the target is no input", key: "--modality \(choice.name)", found: target,
          expected: "columns other than the target")
      }
      if choice.content != nil {
        raws.append((choice.name, columns[0]))
        continue
      }
      for column in columns { if let wrong = profile[column]?.wrong { throw wrong } }
      groups.append(Group(name: choice.name, columns: columns))
    }
    let used = Set(groups.flatMap(\.columns) + raws.map(\.column) + roles.all)
    note("columns of no modality are left out", names.filter { !used.contains($0) })
  }

  /// Finds the modalities by the prefixes of names, or takes all columns of numbers for one.
  private mutating func infer(_ options: ConversionOptions, _ modality: String?) throws(Fault) {
    var (indices, texts, empty, targets, identifiers): ([String], [String], [String], [String], [String]) =
      ([], [], [], [], [])
    var bare: [String] = []
    for (place, column) in profile.columns.enumerated() where !roles.all.contains(column.name) {
      if Self.isIndex(column, isFirst: place == 0) {
        indices.append(column.name)
      } else if column.isText {
        texts.append(column.name)
      } else if column.isEmpty {
        empty.append(column.name)
      } else if Self.isGroup(column) {
        identifiers.append(column.name)
      } else if isOtherTarget(column.name, options) {
        targets.append(column.name)
      } else if let wrong = column.wrong {
        throw wrong
      } else {
        let prefix = Self.prefix(column.name)
        if modality == nil, prefix == nil { bare.append(column.name) }
        try append(column.name, to: modality ?? prefix ?? Self.features)
      }
    }
    if !bare.isEmpty {
      notes.append(
        "columns without a prefix form the modality \(Self.features): \(bare.listed). --modality NAME=COLUMN,COLUMN makes others"
      )
    }
    note("an index of rows is left out", indices)
    note("columns of texts are left out", texts)
    note("columns without any number are left out", empty)
    note("columns that name groups are left out of the features", identifiers)
    note("columns that look like further targets are left out", targets)
  }

  private mutating func append(_ column: String, to name: String) throws(Fault) {
    if let place = groups.firstIndex(where: { $0.name == name }) {
      groups[place].columns.append(column)
      return
    }
    guard groups.count < Self.mostGroups else {
      throw Fault(
        .badData, "the table has too many prefixes for modalities", file: file, found: "more than \(Self.mostGroups)",
        remedy: "choose columns: --modality NAME=COLUMN,COLUMN")
    }
    groups.append(Group(name: name, columns: [column]))
  }

  private mutating func note(_ words: String, _ names: [String]) {
    guard !names.isEmpty else { return }
    let names = names.map { $0.isEmpty ? "the column without a name" : $0 }
    notes.append("\(words): \(names.listed)")
  }

  /// Returns true for the index that pandas writes, and for a column that counts the rows under a usual name.
  private static func isIndex(_ column: CSVProfile.Column, isFirst: Bool) -> Bool {
    guard column.texts == 0, column.missing == 0, column.isWhole else { return false }
    if column.name.isEmpty { return isFirst }
    if column.name.hasPrefix("Unnamed: ") { return true }
    let usual: Set<String> = ["id", "index", "idx", "row", "row_id", "sample", "sample_id"]
    let counts = column.countsRows.fromZero || column.countsRows.fromOne
    return counts && column.numbers > 2 && usual.contains(column.name.lowercased())
  }

  private static func isGroup(_ column: CSVProfile.Column) -> Bool {
    column.values != nil && (column.isText || column.texts == 0 && column.isWhole && column.numbers > 0)
  }

  /// Returns true for a usual name of a target that another column is. A column y beside x is a coordinate.
  private func isOtherTarget(_ name: String, _ options: ConversionOptions) -> Bool {
    guard !roles.targets.isEmpty, options.allTargetNames.contains(name) else { return false }
    return name != "y" || profile["x"] == nil
  }

  /// Returns the part of a column's name before the first `_` or `.`.
  private static func prefix(_ name: String) -> String? {
    guard let end = name.firstIndex(where: { $0 == "_" || $0 == "." }), end > name.startIndex else { return nil }
    return String(name[..<end])
  }
}
