import Torch

/// A rule by which data goes missing, written `PROTOCOL:RATE`. Rule and seed determine a ``MissingMask``.
///
/// The literature has several rules, and their rates are not comparable. Hence a rate never appears without its rule.
///
/// ```swift
/// let rule = try MissingProtocol("sample:0.7")
/// let samples = try data.unlabelled("test")
/// let mask = try rule.mask(for: samples, data.description.modalities, seed: 0)
/// let inputs = mask.apply(to: samples.rows([0, 5, 7]), indices: [0, 5, 7])
/// ```
public enum MissingProtocol: Equatable, Sendable {
  /// `sample:r`: a sample gets an incomplete pattern with probability r. All 2^M − 2 such patterns are equally likely.
  case sample(Double)
  /// `modality:r`: r = 1 − Σ present/(N·M) over the split, and each sample keeps at least one modality.
  case modality(Double)
  /// `token:r`: each real step of a sequence is lost with probability r, and each sequence keeps at least one step.
  case token(Double)
  /// `fixed:text+audio`: every sample lacks these modalities. An empty list (`complete`) removes nothing.
  case fixed([String])

  /// The names of the rules.
  public static let names = ["sample", "modality", "token", "fixed"]

  /// Reads `sample:0.7`, `modality:0.5`, `token:0.3`, `fixed:text+audio` (the missing ones) or `complete`.
  /// - Throws: `Fault(.usage)` for an unknown rule or an impossible rate.
  public init(_ text: String, key: String = "--missing") throws(Fault) {
    if text == "complete" {
      self = .fixed([])
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard Self.names.contains(parts[0]) else {
      throw Fault(
        .usage, "unknown protocol of missing data", key: key, found: text,
        expected: "complete, sample:RATE, modality:RATE, token:RATE or fixed:NAME+NAME",
        remedy: Self.withRule(text) ?? Suggestion.question(for: parts[0], among: Self.names + ["complete"]))
    }
    let value = parts.count > 1 ? parts[1] : ""
    if parts[0] == "fixed" {
      let missing = value.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
      guard missing.allSatisfy({ !$0.isEmpty }), Set(missing).count == missing.count else {
        throw Fault(
          .usage, "a fixed pattern names the modalities that are missing", key: key, found: text,
          expected: "fixed:text or fixed:text+audio")
      }
      self = .fixed(missing)
      return
    }
    guard let rate = Double(value), parts[0] == "sample" ? (0...1).contains(rate) : (0..<1).contains(rate) else {
      throw Fault(
        .usage, "the rate of missing data is no such number", key: key, found: text,
        expected: "\(parts[0]):RATE with a rate from 0 to \(parts[0] == "sample" ? "" : "below ")1")
    }
    switch parts[0] {
    case "sample": self = .sample(rate)
    case "modality": self = .modality(rate)
    default: self = .token(rate)
    }
  }

  /// The remedy for a rate without its rule, such as `0.5`. Nil for other texts.
  static func withRule(_ text: String) -> String? {
    guard let first = text.first, first.isNumber || first == ".", text.contains(where: \.isNumber) else { return nil }
    return "a rate needs its rule, such as sample:\(text)"
  }

  /// The largest rate for data with `count` modalities.
  static func largestRate(modality count: Int) -> Double { Double(count - 1) / Double(count) }

  /// Checks that the rule fits data of these modalities.
  /// - Throws: `Fault(.usage)` for an unknown modality, and if a sample would have no modality left.
  public func check(_ modalities: [Modality], key: String = "--missing") throws(Fault) {
    let names = modalities.map(\.name)
    func refuse(_ problem: String, _ expected: String, _ remedy: String? = nil) -> Fault {
      Fault(.usage, problem, key: key, found: description, expected: expected, remedy: remedy)
    }
    switch self {
    case .sample(let rate):
      guard rate == 0 || names.count > 1 else {
        throw refuse("the only modality cannot be missing", "data of 2 modalities or more, or complete")
      }
      guard names.count <= 50 else { throw refuse("too many patterns to draw from", "50 modalities or fewer") }
    case .modality(let rate):
      let largest = Self.largestRate(modality: names.count)
      guard rate <= largest else {
        throw refuse(
          "not so much can be missing, for one modality stays in each sample",
          "a rate up to \((largest * 1000).rounded(.down) / 1000) for \(names.count) modalities")
      }
    case .token: break
    case .fixed(let missing):
      if let unknown = missing.first(where: { !names.contains($0) }) {
        throw refuse(
          "unknown modality «\(unknown)»", names.joined(separator: ", "),
          Suggestion.question(for: unknown, among: names))
      }
      guard missing.count < names.count else {
        throw refuse("nothing would be present", "at least one modality not named: \(names.joined(separator: ", "))")
      }
    }
  }
}

extension MissingProtocol: CustomStringConvertible {
  /// The form that ``init(_:key:)`` reads.
  public var description: String {
    switch self {
    case .sample(let rate): "sample:\(rate)"
    case .modality(let rate): "modality:\(rate)"
    case .token(let rate): "token:\(rate)"
    case .fixed(let missing): missing.isEmpty ? "complete" : "fixed:\(missing.joined(separator: "+"))"
    }
  }
}
