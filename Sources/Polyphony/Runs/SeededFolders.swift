import Foundation
import Torch

/// A model or adapter as the user names it on the command line.
///
/// The path is the model's own folder, or the folder of the run that made it. It may also be the folder of a run over
/// several seeds, which has one model per seed (`seed-0/model`, `seed-1/model`, …). For such a run, the path that a
/// single run would have (`runs/base/model`) means the same.
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

    fileprivate var other: Content { self == .model ? .adapter : .model }

    fileprivate var article: String { self == .model ? "a model" : "an adapter" }

    fileprivate func isIn(_ folder: String) -> Bool {
      FileManager.default.fileExists(atPath: "\(folder)/\(mark)")
    }
  }

  /// The path that the user named.
  public let path: String
  /// The seeds in ascending order. Empty if one folder serves all seeds.
  public let seeds: [UInt64]
  private let content: Content
  /// The folder that serves all seeds, or the folder of the run over seeds.
  let place: String

  /// Looks for models or adapters at a path. A missing folder is an error only later, at the time of reading.
  public init(_ path: String, _ content: Content) {
    (self.path, self.content) = (path, content)
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    let below = "\(path)/\(content.rawValue)"
    guard !content.isIn(path), !content.isIn(below) else {
      (place, seeds) = (content.isIn(path) ? path : below, [])
      return
    }
    let named = Self.seeds(in: path, content)
    if named.isEmpty, path.split(separator: "/").last.map(String.init) == content.rawValue {
      let run = path.parentFolder
      let found = Self.seeds(in: run, content)
      (place, seeds) = (found.isEmpty ? path : run, found)
    } else {
      (place, seeds) = (path, named)
    }
  }

  /// The folders of all seeds, or the one that serves all seeds.
  package var folders: [String] { seeds.isEmpty ? [place] : seeds.map { folder(of: $0) } }

  private static func seeds(in folder: String, _ content: Content) -> [UInt64] {
    RunFolder.seeds(in: folder).filter { content.isIn("\(folder)/\(RunFolder.folder(of: $0))/\(content.rawValue)") }
  }

  /// Finds the model that a seed starts from, and the adapter that the model carries, if the user names one.
  /// - Throws: `Fault(.missingInput)` if model or adapter has folders for other seeds only, or if there is none.
  public static func start(
    _ model: String, adapter: String?, seed: UInt64
  ) throws(Fault) -> (model: String, adapter: String?) {
    let folder = try SeededFolders(model, .model).folder(seed: seed)
    guard let adapter else { return (folder, nil) }
    return (folder, try SeededFolders(adapter, .adapter).folder(seed: seed))
  }

  /// Finds the one model and the one adapter of a command that does not run over seeds, such as a prediction.
  /// - Throws: `Fault(.usage)` if there are several seeds, and the errors of ``folder(seed:)``.
  public static func only(_ model: String, adapter: String?) throws(Fault) -> (model: String, adapter: String?) {
    (
      try SeededFolders(model, .model).only(),
      try adapter.map { (path) throws(Fault) in try SeededFolders(path, .adapter).only() }
    )
  }

  /// The folder of a seed.
  /// - Throws: `Fault(.missingInput)` without a folder for the seed, `Fault(.usage)` for a folder of the other kind.
  public func folder(seed: UInt64) throws(Fault) -> String {
    if seeds.isEmpty {
      try check()
      return place
    }
    guard seeds.contains(seed) else {
      throw Fault(
        .missingInput, "there is no \(content.rawValue) of this seed", file: path, found: "seed \(seed)",
        expected: "one of the seeds \(seeds.map(String.init).joined(separator: ", "))",
        remedy: "name one folder, such as \(folder(of: seeds[0])), or run that seed too")
    }
    return folder(of: seed)
  }

  /// The folder, if there is one for all seeds or one seed alone.
  /// - Throws: `Fault(.usage)` if there are several seeds, and the errors of ``folder(seed:)``.
  public func only() throws(Fault) -> String {
    guard seeds.count > 1 else { return try folder(seed: seeds.first ?? 0) }
    throw Fault(
      .usage, "this run has \(content.article) of each seed, and one is needed", file: path, key: option,
      found: Self.words(seeds.map { "seed-\($0)/\(content.rawValue)" }), expected: "the folder of one of them",
      remedy: "name one, such as --\(content.rawValue) \(folder(of: seeds[0]))")
  }

  private func folder(of seed: UInt64) -> String { "\(place)/\(RunFolder.folder(of: seed))/\(content.rawValue)" }

  private var option: String { "--\(content.rawValue)" }

  /// Checks the folder that serves all seeds.
  private func check() throws(Fault) {
    guard !content.isIn(place) else { return }
    // A killed writer may have left the folder under another name.
    try AtomicFolder.recover(place)
    guard !content.isIn(place) else { return }
    if content.other.isIn(path) {
      throw Fault(
        .usage, "this folder holds \(content.other.article), not \(content.article)", file: path, key: option,
        found: content.other.mark, expected: "a folder with \(content.mark)",
        remedy: content == .model
          ? "name the adapter with --adapter \(path), and its base model with --model"
          : "name the model with --model \(path)")
    }
    let below = Self.folders(below: path, content)
    var remedy = "name OUTPUT/model of a training run"
    if content == .adapter { remedy = "name OUTPUT/adapter of a tuning or adaptation run" }
    if let first = below.first { remedy = "name one, such as \(option) \(path)/\(first)" }
    throw Fault(
      .missingInput, "there is no \(content.rawValue) at this path", file: path, key: option,
      found: below.isEmpty
        ? FileManager.default.fileExists(atPath: path) ? "no \(content.mark) in it or below it" : "no such folder"
        : Self.words(below),
      expected: "a folder with \(content.mark)", remedy: remedy)
  }

  /// The models or adapters below a folder: those of its methods, and of their seeds.
  private static func folders(below path: String, _ content: Content) -> [String] {
    let entries = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }
    return entries.sorted().flatMap { entry -> [String] in
      if content.isIn("\(path)/\(entry)/\(content.rawValue)") { return ["\(entry)/\(content.rawValue)"] }
      return seeds(in: "\(path)/\(entry)", content).map { "\(entry)/seed-\($0)/\(content.rawValue)" }
    }
  }

  /// Lists folders: all of up to three, otherwise the first and the last.
  private static func words(_ folders: [String]) -> String {
    folders.count > 3 ? "\(folders[0]) … \(folders[folders.count - 1])" : folders.joined(separator: ", ")
  }
}
