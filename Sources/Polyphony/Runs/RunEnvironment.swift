import Foundation
import Torch

/// What a command's numbers depend on besides its recipe: versions, arithmetic, device, the command line and the data.
///
/// `environment.json` beside `results.json`. It holds no time of day and no option that only says how to go on, so that a
/// run that was stopped and resumed leaves the same bytes.
public struct RunEnvironment: Equatable, Sendable {
  /// A data set.
  public struct Data: Equatable, Sendable {
    /// Its folder, as it was named.
    public var folder: String
    /// Its name.
    public var name: String
    /// The SHA-256 of each split's file, where `dataset.json` has one.
    public var hashes: [(split: String, hash: String)]

    /// Whether all parts are the same.
    public static func == (a: Data, b: Data) -> Bool {
      a.folder == b.folder && a.name == b.name && a.hashes.elementsEqual(b.hashes, by: ==)
    }
  }

  /// The file's name.
  public static let file = "environment.json"

  /// Texts by name, in order.
  public var facts: [(name: String, value: String)]
  /// The command line.
  public var command: [String]
  /// The data sets.
  public var data: [Data]

  /// This process, libtorch being loaded.
  ///
  /// - Parameters:
  ///   - folders: folders of data sets; one that cannot be read is left out.
  ///   - device: where it computes.
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
    let onlyHowToGoOn: Set = ["--resume", "--overwrite"]
    command = ["polyphony"] + CommandLine.arguments.dropFirst().filter { !onlyHowToGoOn.contains($0) }
    data = folders.compactMap { folder in
      guard let dataset = try? Dataset(folder) else { return nil }
      let splits = dataset.description.splits
      return Data(
        folder: folder, name: dataset.description.name,
        hashes: splits.keys.sorted().compactMap { name in splits[name]?.sha256.map { (name, $0) } })
    }
  }

  /// Whether all parts are the same.
  public static func == (a: RunEnvironment, b: RunEnvironment) -> Bool {
    a.facts.elementsEqual(b.facts, by: ==) && a.command == b.command && a.data == b.data
  }
}

extension RunEnvironment {
  /// The file's text.
  public var text: String {
    let members = facts.map { OrderedJSON.Member($0.name, .string($0.value)) }
    let sets = data.map { set -> OrderedJSON in
      [
        "folder": .string(set.folder), "name": .string(set.name),
        "sha256": .object(set.hashes.map { .init($0.split, .string($0.hash)) }),
      ]
    }
    let all =
      members + [.init("command", .array(command.map { .string($0) })), .init("data", .array(sets))]
    return OrderedJSON.object(all).text() + "\n"
  }

  /// Writes the file into a folder.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to folder: String) throws(Fault) { try AtomicFile.write(text, to: "\(folder)/\(Self.file)") }

  /// Reads the file of a folder; nil where there is none that can be read: no result depends on it.
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
    func elements(_ value: OrderedJSON?) -> [OrderedJSON] { if case .array(let all)? = value { all } else { [] } }
    facts = strings(.object(members)).map { (name: $0.0, value: $0.1) }
    command = elements(document["command"]).compactMap { if case .string(let text) = $0 { text } else { nil } }
    data = elements(document["data"]).map { set in
      let texts = Dictionary(strings(set), uniquingKeysWith: { a, _ in a })
      return Data(
        folder: texts["folder"] ?? "", name: texts["name"] ?? "",
        hashes: strings(set["sha256"]).map { (split: $0.0, hash: $0.1) })
    }
  }
}
