import Foundation
import Torch

/// The conditions of a run besides its recipe: versions, arithmetic, device, command line and data.
///
/// A command writes them as `environment.json` beside `results.json`. The file holds no time of day, and its command
/// line lacks `--resume`, `--overwrite` and `--processes`. So a run that was stopped and resumed, or divided among
/// processes, leaves the same bytes.
public struct RunEnvironment: Equatable, Sendable {
  /// A data set of the run.
  public struct Data: Equatable, Sendable {
    /// Its folder, as the user named it.
    public var folder: String
    /// Its name.
    public var name: String
    /// The SHA-256 of each split's file, for splits that have one in `dataset.json`.
    public var hashes: [(split: String, hash: String)]
    /// The names of the classes. Nil without names.
    public var labels: [String]?
    /// The sizes of its splits and their targets. They are empty in files of earlier versions.
    public var splits: [SplitSummary] = []

    /// Compares folder, name and hashes.
    public static func == (a: Data, b: Data) -> Bool {
      a.folder == b.folder && a.name == b.name && a.hashes.elementsEqual(b.hashes, by: ==)
    }
  }

  /// The file's name.
  public static let file = "environment.json"

  /// Versions, arithmetic, device and system as texts by name, in the order of the file.
  public var facts: [(name: String, value: String)]
  /// The command line, without `--resume`, `--overwrite` and `--processes`.
  public var command: [String]
  /// The data sets of the run.
  public var data: [Data]

  /// Describes this process, after libtorch was loaded.
  ///
  /// - Parameters:
  ///   - folders: the folders of data sets. Unreadable ones are left out.
  ///   - device: the device that computes.
  public init(data folders: [String], device: Device = .cpu) {
    #if arch(x86_64)
      let machine = "x86-64"
    #elseif arch(arm64)
      let machine = "arm64"
    #else
      let machine = "another architecture"
    #endif
    facts = [
      ("polyphony", Polyphony.version), ("libtorch", Libtorch.version), ("arithmetic", Libtorch.arithmetic),
      ("device", "\(device)"), ("system", "\(ProcessInfo.processInfo.operatingSystemVersionString), \(machine)"),
    ]
    command = ["polyphony"] + Self.lasting(CommandLine.arguments.dropFirst())
    data = folders.compactMap { folder in
      guard let dataset = try? Dataset(folder) else { return nil }
      let splits = dataset.description.splits
      return Data(
        folder: folder, name: dataset.description.name,
        hashes: splits.keys.sorted().compactMap { name in splits[name]?.sha256.map { (name, $0) } },
        labels: dataset.description.task.labels, splits: SplitSummary.all(dataset))
    }
  }

  /// The arguments on which results depend.
  static func lasting(_ arguments: some Sequence<String>) -> [String] {
    var lasting: [String] = []
    var isValue = false
    for argument in arguments {
      defer { isValue = argument == "--processes" }
      let isLeftOut =
        isValue || ["--resume", "--overwrite", "--processes"].contains(argument) || argument.hasPrefix("--processes=")
      if !isLeftOut { lasting.append(argument) }
    }
    return lasting
  }

  /// Compares facts, command line and data sets.
  public static func == (a: RunEnvironment, b: RunEnvironment) -> Bool {
    a.facts.elementsEqual(b.facts, by: ==) && a.command == b.command && a.data == b.data
  }
}

extension RunEnvironment {
  /// The file's text.
  public var text: String {
    let members = facts.map { OrderedJSON.Member($0.name, .string($0.value)) }
    let sets = data.map { set -> OrderedJSON in
      .object(
        [
          .init("folder", .string(set.folder)), .init("name", .string(set.name)),
          .init("sha256", .object(set.hashes.map { .init($0.split, .string($0.hash)) })),
        ] + (set.labels.map { [.init("labels", .array($0.map { .string($0) }))] } ?? [])
          + (set.splits.isEmpty ? [] : [.init("splits", .object(set.splits.map { .init($0.name, $0.json) }))]))
    }
    let all =
      members + [.init("command", .array(command.map { .string($0) })), .init("data", .array(sets))]
    return OrderedJSON.object(all).text() + "\n"
  }

  private static func splits(_ json: OrderedJSON?) -> [SplitSummary] {
    guard case .object(let members)? = json else { return [] }
    return members.compactMap { SplitSummary(name: $0.key, $0.value) }
  }

  /// Writes the file into a folder.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to folder: String) throws(Fault) { try AtomicFile.write(text, to: "\(folder)/\(Self.file)") }

  /// Reads the file of a folder. Returns nil for a missing or damaged file, since no result depends on it.
  public init?(folder: String) {
    guard let bytes = FileManager.default.contents(atPath: "\(folder)/\(Self.file)"),
      let document = try? OrderedJSON(parsing: String(decoding: bytes, as: UTF8.self)),
      case .object(let members) = document
    else { return nil }
    func strings(_ value: OrderedJSON?) -> [(String, String)] {
      guard case .object(let members)? = value else { return [] }
      return members.compactMap { member in
        if case .string(let text) = member.value { (member.key, text) } else { nil }
      }
    }
    func texts(_ value: OrderedJSON?) -> [String] {
      (value?.elements ?? []).compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
    facts = strings(.object(members)).map { (name: $0.0, value: $0.1) }
    command = texts(document["command"])
    data = (document["data"]?.elements ?? []).map { set in
      let words = Dictionary(strings(set), uniquingKeysWith: { a, _ in a })
      return Data(
        folder: words["folder"] ?? "", name: words["name"] ?? "",
        hashes: strings(set["sha256"]).map { (split: $0.0, hash: $0.1) },
        labels: set["labels"].map(texts), splits: Self.splits(set["splits"]))
    }
  }
}
