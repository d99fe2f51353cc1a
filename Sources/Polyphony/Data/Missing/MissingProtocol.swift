import OrderedCollections
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
  /// `segment:r`: each sequence loses one run of steps, the share r of its real steps. One step or more stays.
  case segment(Double)
  /// `each:text=0.1,audio=0.6`: each modality is missing with a probability of its own, 0 for one that is not named. A
  /// sample that would lose all modalities keeps one, so high rates are not quite reached.
  case each(OrderedDictionary<String, Double>)
  /// `fixed:text+audio`: every sample lacks these modalities. An empty list (`complete`) removes nothing.
  case fixed([String])

  /// The names of the rules.
  public static let names = ["sample", "modality", "token", "segment", "each", "fixed"]

  /// The forms of a single rule, for messages.
  static let forms =
    "complete, sample:RATE, modality:RATE, token:RATE, segment:RATE, each:NAME=RATE,NAME=RATE or fixed:NAME+NAME"

  /// Reads `sample:0.7`, `modality:0.5`, `token:0.3`, `segment:0.3`, `each:text=0.1,audio=0.6`, `fixed:text+audio` (the
  /// missing ones) or `complete`.
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
        expected: Self.forms,
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
    if parts[0] == "each" {
      self = .each(try Self.rates(value, text, key))
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
    case "segment": self = .segment(rate)
    default: self = .token(rate)
    }
  }

  /// The rates of `text=0.1,audio=0.6`.
  private static func rates(_ value: String, _ text: String, _ key: String) throws(Fault)
    -> OrderedDictionary<String, Double>
  {
    func refuse(_ problem: String) -> Fault {
      Fault(
        .usage, problem, key: key, found: text, expected: "each:NAME=RATE,NAME=RATE with rates from 0 to 1")
    }
    var rates: OrderedDictionary<String, Double> = [:]
    for part in value.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2, !sides[0].isEmpty, let rate = Double(sides[1]), (0...1).contains(rate) else {
        throw refuse("the rate of a modality is no such number")
      }
      guard rates.updateValue(rate, forKey: sides[0]) == nil else { throw refuse("a modality has two rates") }
    }
    return rates
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
    func checkNames(_ named: some Sequence<String>) throws(Fault) {
      guard let unknown = named.first(where: { !names.contains($0) }) else { return }
      throw refuse(
        "unknown modality «\(unknown)»", names.joined(separator: ", "),
        Suggestion.question(for: unknown, among: names))
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
    case .token, .segment:
      guard modalities.contains(where: \.losesSteps) else {
        throw refuse("there are no steps to lose", "data with a sequence")
      }
    case .each(let rates):
      try checkNames(rates.keys)
      guard names.contains(where: { rates[$0] ?? 0 < 1 }) else {
        throw refuse("nothing would be present", "a rate below 1 for one of \(names.joined(separator: ", "))")
      }
    case .fixed(let missing):
      try checkNames(missing)
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
    case .segment(let rate): "segment:\(rate)"
    case .each(let rates): "each:\(rates.map { "\($0)=\($1)" }.joined(separator: ","))"
    case .fixed(let missing): missing.isEmpty ? "complete" : "fixed:\(missing.joined(separator: "+"))"
    }
  }
}
