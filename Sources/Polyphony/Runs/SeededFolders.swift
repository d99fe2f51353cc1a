import Foundation
import Torch

/// A model or adapter as a command names it: its own folder, the folder of a run that made it, or the folder of a run
/// over several seeds, which has one for each (`seed-0/model`, `seed-1/model`, …).
public struct SeededFolders: Sendable {
  /// What a folder may hold.
  public enum Content: String, Sendable {
    /// A model.
    case model
    /// An adapter.
    case adapter

    fileprivate var mark: String {
      self == .model ? ModelFolder.configurationFile : AdapterFolder.configurationFile
    }
  }

  /// What was named.
  public let path: String
  /// The seeds in ascending order; empty where there is one folder for all.
  public let seeds: [UInt64]
  private let content: Content
  private let single: String

  /// Looks at what lies at a path; where nothing does, whoever reads it says so.
  public init(_ path: String, _ content: Content) {
    (self.path, self.content) = (path, content)
    func holds(_ folder: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(content.mark)") }
    let below = "\(path)/\(content.rawValue)"
    single = !holds(path) && holds(below) ? below : path
    guard single == path, !holds(path) else {
      seeds = []
      return
    }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    seeds = entries.filter { $0.hasPrefix("seed-") && holds("\(path)/\($0)/\(content.rawValue)") }
      .compactMap { UInt64($0.dropFirst("seed-".count)) }.sorted()
  }

  /// Where a seed starts: its model, and the adapter that this carries already, where one is named.
  /// - Throws: `Fault(.missingInput)` where one of both has folders for other seeds only.
  static func start(_ model: String, adapter: String?, seed: UInt64) throws(Fault) -> (model: String, adapter: String?)
  {
    let folder = try SeededFolders(model, .model).folder(seed: seed)
    guard let adapter else { return (folder, nil) }
    return (folder, try SeededFolders(adapter, .adapter).folder(seed: seed))
  }

  /// The folder of a seed.
  /// - Throws: `Fault(.missingInput)` where there are folders for other seeds only.
  public func folder(seed: UInt64) throws(Fault) -> String {
    if seeds.isEmpty { return single }
    guard seeds.contains(seed) else {
      throw Fault(
        .missingInput, "there is no \(content.rawValue) of this seed", file: path, found: "seed \(seed)",
        expected: "one of the seeds \(seeds.map(String.init).joined(separator: ", "))",
        remedy: "name one folder, or run that seed too")
    }
    return "\(path)/seed-\(seed)/\(content.rawValue)"
  }
}
