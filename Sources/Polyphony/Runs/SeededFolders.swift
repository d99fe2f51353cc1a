import Foundation
import Torch

/// A model or adapter as the user names it on the command line.
///
/// The path is the model's own folder, or the folder of the run that made it. It may also be the folder of a run over
/// several seeds, which has one model per seed (`seed-0/model`, `seed-1/model`, …).
///
/// ```swift
/// let models = SeededFolders("runs/mosi/cggm", .model)
/// for seed in models.seeds { print(seed, try models.folder(seed: seed)) }
/// ```
public struct SeededFolders: Sendable {
  /// The content of a folder.
  public enum Content: String, Sendable {
    /// A model.
    case model
    /// An adapter.
    case adapter

    fileprivate var mark: String {
      self == .model ? ModelFolder.configurationFile : AdapterFolder.configurationFile
    }
  }

  /// The path that the user named.
  public let path: String
  /// The seeds in ascending order. Empty if one folder serves all seeds.
  public let seeds: [UInt64]
  private let content: Content
  private let single: String

  /// Looks for models or adapters at a path. A missing folder is an error only later, at the time of reading.
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

  /// Finds the model that a seed starts from, and the adapter that the model carries, if the user names one.
  /// - Throws: `Fault(.missingInput)` if model or adapter has folders for other seeds only.
  static func start(_ model: String, adapter: String?, seed: UInt64) throws(Fault) -> (model: String, adapter: String?)
  {
    let folder = try SeededFolders(model, .model).folder(seed: seed)
    guard let adapter else { return (folder, nil) }
    return (folder, try SeededFolders(adapter, .adapter).folder(seed: seed))
  }

  /// The folder of a seed.
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
