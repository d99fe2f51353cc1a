import Torch

/// A planned comparison: one question of a comparison, with the two methods and the conditions that answer it.
///
/// Its scores are those of the split as it is, or the mean over the conditions that it names, seed by seed.
public struct Contrast: Codable, Hashable, Sendable {
  /// What is asked, in a word or two.
  public var name: String
  /// The method that is asked about.
  public var method: String
  /// The method that it is compared with.
  public var against: String
  /// The conditions in one word, such as `sample:0.1...0.9`; nil for the split as it is.
  public var under: String?
  /// What is missing, a rule each; empty where nothing is.
  public var missing: [String]
  /// How inputs are corrupted, a shift each; empty where they are not.
  public var shift: [String]

  /// A contrast.
  public init(
    _ name: String, method: String, against: String, under: String? = nil, missing: [String] = [], shift: [String] = []
  ) {
    (self.name, self.method, self.against, self.under) = (name, method, against, under)
    (self.missing, self.shift) = (missing, shift)
  }

  /// The conditions that a row must have, one after another.
  var conditions: [(key: String, value: String)?] {
    let all = missing.map { (key: "missing", value: $0) } + shift.map { (key: "shift", value: $0) }
    return all.isEmpty ? [nil] : all
  }
}
