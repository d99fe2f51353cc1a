import Foundation
import Torch

/// The results that an output folder holds already, and the rule by which another command adds its own.
///
/// Several methods get a folder each below the output folder. So a command with other methods may add its rows to
/// `results.json`, if command, data and base model are the same. Every other mixture of two commands is refused before
/// anything is computed, so that no finished result is lost.
///
/// ```swift
/// let environment = RunEnvironment(data: ["mosi"])
/// var grid = MethodGrid(life, output: "runs/tuned", seeds: [0, 1])
/// grid.earlier = EarlierResults(in: "runs/tuned", command: "tune", environment)
/// ```
public struct EarlierResults: Sendable {
  /// The output folder.
  public let folder: String
  let command: String
  /// The conditions of the command: versions, data and command line.
  public let environment: RunEnvironment

  /// Describes a command that is to write its results into a folder.
  public init(in folder: String, command: String, _ environment: RunEnvironment) {
    (self.folder, self.command, self.environment) = (folder, command, environment)
  }

  /// Checks that the command drops no finished result.
  ///
  /// - Parameters:
  ///   - rows: the rows that the command is to compute, without scores.
  ///   - seeds: the seeds of each row.
  ///   - existing: the user's wish. The check of a run that `overwrite` replaces is left out.
  /// - Throws: `Fault(.cannotWrite)` with the reason.
  func check(_ rows: [RunResult], seeds: [UInt64], existing: RunFolder.Existing) throws(Fault) {
    guard existing != .overwrite else { return }
    // A single run that is neither resumed nor to replace another one needs an empty folder, and `RunFolder` says so.
    guard rows.count > 1 || seeds.count > 1 || existing == .resume else { return }
    try checkFolders(rows.map(\.name), seeds)
    guard let document = try read() else { return }
    if let reason = difference(document) { throw refuse(reason.problem, reason.found, reason.expected) }
    for earlier in document.results where earlier.output != nil {
      guard let row = rows.first(where: { $0.name == earlier.name }) else {
        guard rows.count > 1 else {
          throw refuse(
            "the output folder holds results of other methods", earlier.name, rows.first?.name ?? "no other method")
        }
        continue
      }
      let (before, now) = (Self.condition(earlier), Self.condition(row))
      guard before == now else {
        throw refuse(
          "the output folder holds results of \(row.name) under other conditions", before.joined(separator: ", "),
          now.joined(separator: ", "))
      }
      guard Set(earlier.seeds).isSubset(of: seeds.map { Int($0) }) else {
        throw refuse(
          "the output folder holds results of \(row.name) for other seeds", Self.words(earlier.seeds),
          Self.words(seeds.map { Int($0) }))
      }
    }
  }

  /// Checks that an evaluation replaces its own results alone.
  ///
  /// Its rows have no folders of their own. So a folder may hold the results of the same command line, and no others.
  /// - Throws: `Fault(.cannotWrite)` with the other command.
  package func checkEvaluation() throws(Fault) {
    guard let document = try read() else { return }
    let remedy = "choose another folder with --output"
    guard document.command == command else {
      throw refuse("the output folder holds results of another command", document.command, command, remedy)
    }
    func words(_ environment: RunEnvironment?) -> String {
      environment?.command.filter { $0 != "--json" }.joined(separator: " ") ?? "an unknown command line"
    }
    let (before, now) = (words(RunEnvironment(folder: folder)), words(environment))
    guard before == now else {
      throw refuse("the output folder holds results of another evaluation", before, now, remedy)
    }
  }

  /// Adds rows to those that the folder holds already.
  ///
  /// A row replaces an earlier one of the same method. A row without a folder of its own, such as that of the source
  /// model, replaces an earlier one only if it covers its seeds.
  /// - Returns: All rows, and the names of the earlier ones among them.
  public func merged(
    _ rows: [ResultsDocument.Row]
  ) -> (rows: [ResultsDocument.Row], kept: [String]) {
    let own = rows.filter { $0.output != nil }.map(\.name)
    guard let document = try? read(), difference(document) == nil, own.count > 1 else { return (rows, []) }
    var all = document.results
    var kept = Set(all.indices)
    for row in rows {
      let condition = Self.condition(row)
      guard
        let index = document.results.firstIndex(where: { $0.name == row.name && Self.condition($0) == condition })
      else {
        all.append(row)
        continue
      }
      guard row.output != nil || Set(document.results[index].seeds).isSubset(of: row.seeds) else { continue }
      all[index] = row
      kept.remove(index)
    }
    // Another condition of a method that has run again had its folder.
    let stale = kept.filter { all[$0].output != nil && own.contains(all[$0].name) }
    kept.subtract(stale)
    let names = kept.sorted().filter { all[$0].output != nil }.map { all[$0].name }
    all = all.indices.filter { !stale.contains($0) }.map { all[$0] }
    return (all.filter { $0.output != nil } + all.filter { $0.output == nil }, names)
  }

  private func read() throws(Fault) -> ResultsDocument? {
    let file = "\(folder)/results.json"
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    return try ResultsDocument(parsing: String(decoding: data, as: UTF8.self), file: file)
  }

  /// Checks that runs of one method and of several do not share a folder, nor runs of one seed and of several.
  private func checkFolders(_ methods: [String], _ seeds: [UInt64]) throws(Fault) {
    let isSingle = methods.count == 1 && seeds.count == 1
    if !isSingle, RunFolder.holdsRun(folder) {
      throw refuse("the output folder holds a single run", "a run of one method and one seed", "a folder without one")
    }
    if isSingle || methods.count > 1, let seed = RunFolder.seeds(in: folder).first {
      throw refuse("the output folder holds a run over seeds", RunFolder.folder(of: seed), "a folder without one")
    }
    for method in methods where methods.count > 1 {
      let place = RunFolder.place(in: folder, method: method, of: methods.count, of: seeds.count)
      if seeds.count > 1, RunFolder.holdsRun(place) {
        throw refuse("the output folder holds a single run of \(method)", place, "a folder without one")
      }
      if seeds.count == 1, let seed = RunFolder.seeds(in: place).first {
        throw refuse(
          "the output folder holds a run of \(method) over seeds", RunFolder.folder(of: seed), "a folder without one")
      }
    }
  }

  private typealias Difference = (problem: String, found: String, expected: String)

  /// Compares command, data and base model. Returns nil if rows of both commands may stand in one table.
  private func difference(_ document: ResultsDocument) -> Difference? {
    guard document.command == command else {
      return ("the output folder holds results of another command", document.command, command)
    }
    guard let before = RunEnvironment(folder: folder) else { return nil }
    func words(_ environment: RunEnvironment) -> [String] {
      environment.data.map { set in
        ([set.name] + set.hashes.map { "\($0.split) \($0.hash.prefix(8))" }).joined(separator: " ")
      }
    }
    if words(before) != words(environment) {
      return (
        "the output folder holds results on other data", words(before).joined(separator: ", "),
        words(environment).joined(separator: ", ")
      )
    }
    for content in [SeededFolders.Content.model, .adapter] {
      let option = "--\(content.rawValue)"
      let places = [before, environment].map { $0.value(of: option).map { SeededFolders($0, content).place } }
      if places[0] != places[1] {
        return (
          "the output folder holds results of another base", "\(option) \(places[0] ?? "was not given")",
          "\(option) \(places[1] ?? "is not given")"
        )
      }
    }
    return nil
  }

  private func refuse(
    _ problem: String, _ found: String, _ now: String,
    _ remedy: String = "choose another folder, or replace what is there with --overwrite"
  ) -> Fault { Fault(.cannotWrite, problem, file: folder, found: found, expected: now, remedy: remedy) }

  private static func words(_ seeds: [Int]) -> String {
    "seeds " + seeds.map(String.init).joined(separator: ", ")
  }

  /// The parts of a row's condition. The number of returns is a finding and no condition.
  private static func condition(_ row: ResultsDocument.Row) -> [String] {
    ScoreCondition(row).parts.filter { $0.key != "returns" }.map { "\($0.key) \($0.value)" }.sorted()
  }

  private static func condition(_ row: RunResult) -> [String] {
    var parts = row.conditions
    parts["split"] = row.split
    return parts.filter { $0.key != "returns" }.map { "\($0.key) \($0.value)" }.sorted()
  }
}

extension RunEnvironment {
  /// The value of an option in the command line, nil without the option.
  func value(of option: String) -> String? {
    if let place = command.lastIndex(of: option), place + 1 < command.count { return command[place + 1] }
    return command.last { $0.hasPrefix("\(option)=") }.map { String($0.dropFirst(option.count + 1)) }
  }
}
