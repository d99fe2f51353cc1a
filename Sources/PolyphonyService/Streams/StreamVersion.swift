import PolyphonySupport

/// The version of a stream's file: how often it was replaced, and a random mark of the last time.
///
/// Two files with one version are the same file, whoever wrote them. So a service that returns to a stream sees whether
/// another one has written it, even on a file system without locks.
struct StreamVersion: Equatable, Sendable {
  /// The keys of the two entries in the file.
  private static let (versionKey, markKey) = ("version", "mark")

  let number: Int
  private let mark: String

  /// The version of a file with some entries. A file of an earlier release has none, and counts as version 0.
  init(_ entries: [String: String]) {
    number = entries[Self.versionKey].flatMap { Int($0) } ?? 0
    mark = entries[Self.markKey] ?? ""
  }

  /// The version of a file that is written after one with another version. Nil stands for no file.
  init(after version: StreamVersion?) {
    number = (version?.number ?? 0) + 1
    mark = String(UInt64.random(in: .min ... .max), radix: 16)
  }

  /// The entries for the file.
  var entries: [String: String] { [Self.versionKey: "\(number)", Self.markKey: mark] }
}

/// The version of a stream's file as this service knows it. The stream in memory and its writer share the object.
final class KnownVersion: Sendable {
  private let stored: Locked<StreamVersion?>

  /// - Parameter version: the version of the file. Nil stands for no file.
  init(_ version: StreamVersion?) { stored = Locked(version) }

  /// The version after the latest read or write. Nil stands for no file.
  var value: StreamVersion? {
    get { stored.value }
    set { stored.value = newValue }
  }
}
