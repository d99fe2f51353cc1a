import Torch

/// A planned comparison of two methods under given conditions, which answers one question.
///
/// Its scores are those of the unchanged split, or the mean over the conditions, seed by seed.
///
/// ```swift
/// let contrast = Contrast("balancing", method: "cggm", against: "joint")
/// for finding in ContrastFinding.all([contrast], rows, metric: "accuracy") {
///   print(finding.gain ?? .nan, finding.adjusted ?? .nan)
/// }
/// ```
public struct Contrast: Codable, Hashable, Sendable {
  /// The question, in a word or two.
  public var name: String
  /// The method of interest.
  public var method: String
  /// The method for comparison.
  public var against: String
  /// The conditions in one word, such as `sample:0.1...0.9`; nil for the unchanged split.
  public var under: String?
  /// The rules of missing data, one per condition; empty for none.
  public var missing: [String]
  /// The shifts, one per condition; empty for none.
  public var shift: [String]

  /// Makes a contrast.
  public init(
    _ name: String, method: String, against: String, under: String? = nil, missing: [String] = [], shift: [String] = []
  ) {
    (self.name, self.method, self.against, self.under) = (name, method, against, under)
    (self.missing, self.shift) = (missing, shift)
  }

  /// The conditions of the rows to compare, in order.
  var conditions: [(key: String, value: String)?] {
    let all = missing.map { (key: "missing", value: $0) } + shift.map { (key: "shift", value: $0) }
    return all.isEmpty ? [nil] : all
  }
}
