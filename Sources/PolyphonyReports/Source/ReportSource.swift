import Foundation
import OrderedCollections
import Polyphony

/// The files of a run, comparison, sweep or transfer, read for a report.
struct ReportSource: Sendable {
  /// The path of the folder.
  let folder: String
  /// The folder's results. They are nil for an unfinished run.
  var document: ResultsDocument?
  /// The index of a comparison's runs.
  var comparison: ComparisonIndex?
  /// The runs with logs in the folder.
  var stages: [ReportStage]
  /// The recipes, each with the folders that share it.
  var recipes: [(folders: [String], text: String)]
  /// The content of `environment.json`.
  var environment: RunEnvironment?

  /// Reads a folder, or a results document with its folder.
  ///
  /// - Throws: `Fault(.missingInput)` if there is nothing to report, `Fault(.badData)` for files of another form.
  init(_ path: String) throws(Fault) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw Fault(
        .missingInput, "there is no such folder", file: path,
        remedy: "name the output folder of a run, a sweep or a comparison")
    }
    folder = isFolder.boolValue ? path : path.parentFolder
    let file = isFolder.boolValue ? "\(path)/results.json" : path
    if let data = FileManager.default.contents(atPath: file) {
      document = try ResultsDocument(parsing: String(decoding: data, as: UTF8.self), file: file)
    }
    comparison = try ComparisonIndex.read(folder)
    environment = RunEnvironment(folder: folder)
    if let comparison {
      stages = Self.stages(comparison, folder)
    } else {
      stages = Self.stages(below: folder, document)
    }
    recipes = Self.recipes(folder, [""] + stages.map(\.folder))
    guard document != nil || stages.contains(where: { !$0.records.records.isEmpty }) else {
      throw Fault(
        .missingInput, "there is nothing to report in this folder", file: folder,
        expected: "results.json, metrics.jsonl, or folders of runs that have one",
        remedy: "name what --output was given to train, tune, adapt, evaluate, transfer or compare")
    }
  }

  /// Finds the runs of a comparison, each folder once.
  ///
  /// A run that several methods share has its own method's name. Another run has the name of the comparison's method.
  private static func stages(_ comparison: ComparisonIndex, _ folder: String) -> [ReportStage] {
    var users: [String: Set<String>] = [:]
    for run in comparison.runs { for stage in run.stages { users[stage.folder, default: []].insert(run.method) } }
    var stages: OrderedDictionary<String, ReportStage> = [:]
    for run in comparison.runs {
      for stage in run.stages where stages[stage.folder] == nil {
        stages[stage.folder] = ReportStage(
          kind: stage.kind, method: (users[stage.folder]?.count ?? 1) > 1 ? stage.method : run.method, data: run.data,
          seed: Int(exactly: run.seed), folder: stage.folder, in: folder)
      }
    }
    return Array(stages.values)
  }

  /// Finds the runs of a command: the folder itself, `seed-N`, `METHOD` or `METHOD/seed-N`.
  private static func stages(below folder: String, _ document: ResultsDocument?) -> [ReportStage] {
    func folders(_ path: String) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(path)")) ?? [])
        .filter { !$0.hasPrefix(".") }.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
        .map { path.isEmpty ? $0 : "\(path)/\($0)" }
    }
    let names = document.map { Array(OrderedSet($0.results.map(\.name))) } ?? []
    let kind = document?.command ?? "run"
    func stage(_ path: String, _ method: String?, _ seed: String?) -> ReportStage? {
      let file = path.isEmpty ? "\(folder)/metrics.jsonl" : "\(folder)/\(path)/metrics.jsonl"
      guard FileManager.default.fileExists(atPath: file) else { return nil }
      let only = names.count == 1 ? names[0] : kind
      return ReportStage(
        kind: kind, method: method ?? only, data: nil,
        seed: seed.flatMap { Int($0.dropFirst("seed-".count)) } ?? document?.results.first?.seeds.first, folder: path,
        in: folder)
    }
    if let own = stage("", nil, nil) { return [own] }
    let below = folders("")
    let stages = below.flatMap { path -> [ReportStage] in
      if path.hasPrefix("seed-") { return [stage(path, nil, path)].compactMap(\.self) }
      if let own = stage(path, path, nil) { return [own] }
      return folders(path).compactMap { below in
        let last = (below as NSString).lastPathComponent
        return last.hasPrefix("seed-") ? stage(below, path, last) : nil
      }
    }
    // Runs are in the order of the results, as in every other section.
    let order = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    return stages.enumerated().sorted {
      (order[$0.element.method] ?? .max, $0.offset) < (order[$1.element.method] ?? .max, $1.offset)
    }.map(\.element)
  }

  private static func recipes(_ folder: String, _ paths: [String]) -> [(folders: [String], text: String)] {
    var recipes: OrderedDictionary<String, [String]> = [:]
    for path in OrderedSet(paths) {
      guard
        let data = FileManager.default.contents(
          atPath: path.isEmpty ? "\(folder)/recipe.yaml" : "\(folder)/\(path)/recipe.yaml")
      else { continue }
      recipes[String(decoding: data, as: UTF8.self), default: []].append(path)
    }
    return recipes.map { ($0.value, $0.key) }
  }
}
