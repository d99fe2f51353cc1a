import Foundation
import Torch

/// The folder of a run, with the paths of its files and a lock.
///
/// While a value lives, no other process can make one of the same folder.
///
/// ```swift
/// let folder = try RunFolder("runs/base", existing: .resume)
/// let metrics = try MetricsLog(path: folder.metrics)
/// ```
public struct RunFolder: Sendable {
  /// The path of the folder.
  public let path: String
  private var lock: FolderLock?
  /// True if a run was in the folder before this value was made.
  private(set) var heldRun = false
  /// The folder of the chosen model.
  public var model: String { "\(path)/model" }
  /// The folder of the chosen adapter.
  public var adapter: String { "\(path)/adapter" }
  /// The folder of the checkpoint that a resumed run continues from.
  public var checkpoint: String { "\(path)/checkpoint" }
  /// The folder of the run of one candidate, where the run is a choice among methods.
  func candidate(_ method: String) -> String { "\(candidates)/\(method)" }
  private var candidates: String { "\(path)/candidates" }
  /// The file of the recipe, with every default filled in.
  public var recipe: String { "\(path)/recipe.yaml" }
  /// The file of metrics, with one JSON object per epoch.
  public var metrics: String { "\(path)/metrics.jsonl" }
  /// The file of the results.
  public var results: String { "\(path)/results.json" }

  /// The treatment of a folder that holds a run already.
  public enum Existing: Sendable {
    /// Throws a `Fault`.
    case refuse
    /// Continues the run, or starts one in an empty folder.
    case resume
    /// Removes the run and starts anew. Files of somebody else stay.
    case overwrite
  }

  /// Makes the folder, or takes over an existing one.
  ///
  /// - Throws: `Fault(.cannotWrite)` for a folder that cannot be made or written to, that holds a run (with
  ///   `existing: .refuse`), or that another process has locked.
  public init(_ path: String, existing: Existing) throws(Fault) {
    self.path = path
    try makeFolder(path)
    guard access(path, W_OK) == 0 else {
      throw Fault(
        .cannotWrite, "the output folder cannot be written to", file: path, found: String(cString: strerror(errno)),
        remedy: "choose a folder that you may write to")
    }
    lock = try FolderLock.take(path)
    let held =
      [model, adapter, checkpoint, CheckpointFolder.previous(checkpoint), results]
      .filter { FileManager.default.fileExists(atPath: $0) } + candidateRuns
    heldRun = !held.isEmpty || FileManager.default.fileExists(atPath: "\(path)/stages") || MetricsLog.isLog(metrics)
    if let first = held.first, existing == .refuse {
      throw Fault(
        .cannotWrite, "the output folder already holds a run", file: path,
        found: String(first.dropFirst(path.count + 1)), expected: "a new or empty folder",
        remedy: "continue it with --resume, replace it with --overwrite, or choose another folder")
    }
    if existing == .overwrite { try removeRun() }
  }
}

extension RunFolder {
  /// The folders of all candidates' runs.
  var candidateRuns: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: candidates)) ?? []).map(candidate).filter(Self.holdsRun)
  }

  /// Returns true if a folder itself has the model, adapter or checkpoint of a run.
  static func holdsRun(_ path: String) -> Bool {
    ["checkpoint/state.json", "model/\(ModelFolder.configurationFile)", "adapter/\(AdapterFolder.configurationFile)"]
      .contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
  }

  /// The folder of one run among several, `OUTPUT/METHOD/seed-N`. A part that all runs share is left out.
  ///
  /// - Parameters:
  ///   - output: the folder of all runs.
  ///   - method: the run's method.
  ///   - methods: the number of methods.
  ///   - seed: the run's seed. It is nil for the folder of a method's seeds.
  ///   - seeds: the number of seeds.
  public static func place(
    in output: String, method: String, of methods: Int, seed: UInt64? = nil, of seeds: Int
  ) -> String {
    var path = output
    if methods > 1 { path += "/\(method)" }
    if let seed, seeds > 1 { path += "/\(folder(of: seed))" }
    return path
  }

  /// The name of a seed's folder.
  static func folder(of seed: UInt64) -> String { "\(seedPrefix)\(seed)" }

  /// The seeds that have a folder in a folder, in ascending order.
  static func seeds(in path: String) -> [UInt64] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap(seed(ofFolder:)).sorted()
  }

  /// The seed whose folder has a name. Nil for any other name.
  static func seed(ofFolder name: String) -> UInt64? {
    name.hasPrefix(seedPrefix) ? UInt64(name.dropFirst(seedPrefix.count)) : nil
  }

  private static let seedPrefix = "seed-"
}
