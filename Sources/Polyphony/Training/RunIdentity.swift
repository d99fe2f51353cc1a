import Foundation
import Torch

/// The identity of a run as texts by key: settings, seed, samples and starting weights. A resumed run must have the same.
struct RunIdentity: Codable, Equatable {
  /// The number of differing keys in a message.
  private static let mostNamed = 6

  private var values: [String: String]

  init(_ values: [String: String?] = [:]) { self.values = values.compactMapValues(\.self) }

  init(from decoder: Decoder) throws { values = try decoder.singleValueContainer().decode([String: String].self) }

  func encode(to encoder: Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }

  /// Adds the scalars of a JSON value under a prefix.
  mutating func add(_ prefix: String, _ json: OrderedJSON) {
    for leaf in json.leaves { values[([prefix] + leaf.path).joined(separator: ".")] = leaf.value.text(.line) }
  }

  /// Adds the hashes of a split's tensors.
  mutating func add(data split: String, _ hashes: [String: String]) {
    for (key, hash) in hashes { values["data.\(split).\(key)"] = hash }
  }

  /// Compares this run with the one that wrote a checkpoint.
  /// - Throws: `Fault(.usage)` with the keys that differ: their values then, and their values now.
  func check(resuming saved: RunIdentity, file: String) throws(Fault) {
    let keys = differences(from: saved)
    guard !keys.isEmpty else { return }
    let changes = keys.prefix(Self.mostNamed).map {
      "\($0): \(Self.short(saved.values[$0])) → \(Self.short(values[$0]))"
    }
    let rest = keys.count > Self.mostNamed ? "; and \(keys.count - Self.mostNamed) more" : ""
    throw Fault(
      .usage, "the checkpoint was written by another run", file: file,
      key: keys.prefix(Self.mostNamed).joined(separator: ", "), found: changes.joined(separator: "; ") + rest,
      expected: keys.allSatisfy { $0.hasPrefix("data.") } ? "the samples of the run's start" : "no difference",
      remedy: "resume with the run's recipe and data, or choose another output folder")
  }

  /// Compares the runs of a group of processes, in the order of their numbers.
  /// - Throws: `Fault(.usage)` with the first process that differs from the process 0, and in what.
  static func check(group: [RunIdentity]) throws(Fault) {
    for (rank, own) in group.enumerated() {
      let named = own.differences(from: group[0]).prefix(mostNamed)
      guard !named.isEmpty else { continue }
      func words(_ identity: RunIdentity) -> String {
        named.map { "\($0): \(short(identity.values[$0]))" }.joined(separator: "; ")
      }
      throw Fault(
        .usage, "the processes of the group have different runs", key: "rank \(rank)", found: words(own),
        expected: "\(words(group[0])), as rank 0 has",
        remedy: "start all processes with one command line, one version and the same data")
    }
  }

  /// The keys whose values differ.
  private func differences(from other: RunIdentity) -> [String] {
    Set(values.keys).union(other.values.keys).filter { values[$0] != other.values[$0] }.sorted()
  }

  /// A value for a message. Hashes are shortened.
  private static func short(_ text: String?) -> String {
    guard let text else { return "none" }
    return text.count > 40 ? "\(text.prefix(12))…" : text
  }
}

extension TrainingSettings {
  /// The settings as JSON with the keys of a recipe. The number of epochs is left out, because a finished run may
  /// continue for more of them, and so is the rate of encoders, which few models have. A run may continue with another
  /// division of its batches.
  var identity: OrderedJSON {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // The settings have no member that JSON cannot represent.
    guard let data = try? encoder.encode(self),
      case .object(let members)? = try? OrderedJSON(parsing: String(decoding: data, as: UTF8.self))
    else { return .null }
    return .object(members.filter { !["epochs", "encoder_rate", "accumulate"].contains($0.key) })
  }
}
