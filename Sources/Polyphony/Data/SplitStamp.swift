import Foundation
import Torch

/// The findings of the checks of a split's file, kept beside the file as `FILE.checked`.
///
/// A stamp is used only if its file has the same size, times and inode as then, and if the stamp itself is whole. It
/// holds nothing that could not be computed again, so a run with a stamp has the bits of one without. Files below
/// 64 MiB have none, because their checks take a fraction of a second. A folder that cannot be written has none either.
final class SplitStamp {
  /// The version of the checks. A stamp of another version is not used.
  static let version = 1
  /// The ending of a stamp's name.
  static let ending = ".checked"
  /// The files that have a stamp, and that give read pages back.
  @TaskLocal static var rule = Rule()

  /// A choice of files.
  struct Rule {
    /// The size in bytes from which on a file is large.
    var size = 64 << 20
    /// The seconds since the last change, from which on a file's times tell a later change.
    var rest = 0.05
  }

  private let path: String
  private let signature: FileSignature?
  private let isKept: Bool
  private var facts = Facts()
  private var isChanged = false

  /// Reads the stamp of a file. In the scope of ``Dataset/checksAnew``, the file has to be checked again.
  /// - Parameters:
  ///   - file: the path of the file.
  ///   - isKept: false to remember nothing beyond this object.
  init(of file: String, isKept: Bool = true) {
    path = file + Self.ending
    let signature = FileSignature(file)
    self.signature = signature
    self.isKept =
      isKept && (signature?.size ?? 0) >= Self.rule.size && signature?.isAtRest(for: Self.rule.rest) ?? false
    // If the new checks fail, no later command may believe the old ones.
    if self.isKept, Dataset.checksAnew { unlink(path) }
    guard self.isKept, !Dataset.checksAnew, let stamp = try? JSONFile.read(Stored.self, from: path) else { return }
    guard stamp.version == Self.version, stamp.file == signature, stamp.seal == stamp.facts.seal(for: stamp.file) else {
      return
    }
    facts = stamp.facts
  }

  /// The SHA-256 of the file, which is read only if the stamp lacks it.
  /// - Throws: `Fault(.missingInput)` for a file that cannot be read.
  func fileHash(_ file: String) throws(Fault) -> String {
    if let known = facts.sha256 { return known }
    let hash = try FileHash.sha256(of: file)
    (facts.sha256, isChanged) = (hash, true)
    return hash
  }

  /// A fact about one tensor of the file, which is computed only if the stamp lacks it.
  func fact<Value>(
    _ tensor: String, _ key: WritableKeyPath<TensorFacts, Value?>, _ compute: () -> Value
  ) -> Value {
    if let known = known(tensor, key) { return known }
    let value = compute()
    remember(tensor, key, value)
    return value
  }

  /// A fact about one tensor of the file; nil if no check has found it yet.
  func known<Value>(_ tensor: String, _ key: KeyPath<TensorFacts, Value?>) -> Value? {
    facts.tensors[tensor].flatMap { $0[keyPath: key] }
  }

  /// Takes a fact about one tensor of the file.
  func remember<Value>(_ tensor: String, _ key: WritableKeyPath<TensorFacts, Value?>, _ value: Value) {
    facts.tensors[tensor, default: TensorFacts()][keyPath: key] = value
    isChanged = true
  }

  /// Forgets all if the opened file is not the one that was there a moment ago.
  func check(_ opened: SafetensorsFile) {
    if opened.signature != signature { (facts, isChanged) = (Facts(), false) }
  }

  /// Writes what is new beside the file. Nothing happens if it has changed meanwhile, or if the folder is read-only.
  func save() {
    guard isKept, isChanged, let signature, FileSignature(String(path.dropLast(Self.ending.count))) == signature else {
      return
    }
    isChanged = false
    // The old stamp may be protected as an input of the command. A reader finds the old one, none or the new one.
    unlink(path)
    try? JSONFile.write(
      Stored(version: Self.version, file: signature, facts: facts, seal: facts.seal(for: signature)), to: path)
  }
}

/// The facts about one tensor of a file.
struct TensorFacts: Codable, Equatable {
  /// True if all numbers are finite.
  var isFinite: Bool?
  /// True if all numbers are finite or mark missing cells.
  var isFiniteExceptMissingCells: Bool?
  /// The smallest and the largest number.
  var range: [Double]?
  /// The hash of the elements as f32, or in their own type if they are whole numbers.
  var sha256: String?
  /// The means and deviations of features, by the place of the modality in `presence`.
  var statistics: [Int: Bits]?

  /// Means and deviations as the bits of their f32 numbers.
  struct Bits: Codable, Equatable {
    var mean: [UInt32]
    var deviation: [UInt32]
  }
}

extension SplitStamp {
  fileprivate struct Facts: Codable, Equatable {
    var sha256: String?
    var tensors: [String: TensorFacts] = [:]

    /// The hash over the facts and the marks of their file. A stamp that lost a bit has another.
    func seal(for file: FileSignature) -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      // Every member has a JSON form, because the numbers of a range are finite.
      let parts = [try? encoder.encode(file), try? encoder.encode(self)]
      return FileHash.sha256(parts.reduce(into: []) { $0 += $1 ?? Data() })
    }
  }

  fileprivate struct Stored: Codable {
    var version: Int
    var file: FileSignature
    var facts: Facts
    var seal: String
  }
}
