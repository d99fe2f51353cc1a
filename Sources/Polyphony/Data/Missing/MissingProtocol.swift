import Torch

/// A rule by which data goes missing, written `PROTOCOL:RATE`; with a seed it determines a ``MissingMask``.
///
/// The field's papers use several rules whose rates cannot be compared, hence the name before the number.
public enum MissingProtocol: Equatable, Sendable {
  /// `sample:r`: with probability r a sample gets one of the 2^M − 2 incomplete patterns, each equally likely.
  case sample(Double)
  /// `modality:r`: r = 1 − Σ present/(N·M) over the split, at least one modality in each sample.
  case modality(Double)
  /// `token:r`: each real step of a sequence is lost with probability r; at least one remains in each sequence.
  case token(Double)
  /// `fixed:text+audio`: these modalities are missing from every sample; none (`complete`) leaves everything.
  case fixed([String])

  /// The names of the rules.
  public static let names = ["sample", "modality", "token", "fixed"]

  /// Reads `sample:0.7`, `modality:0.5`, `token:0.3`, `fixed:text+audio` (what is missing) or `complete`.
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
        remedy: Suggestion.question(for: parts[0], among: Self.names + ["complete"]))
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

  /// The largest rate that data of so many modalities can have.
  static func largestRate(modality count: Int) -> Double { Double(count - 1) / Double(count) }

  /// Refuses what data of these modalities cannot have.
  /// - Throws: `Fault(.usage)` for an unknown modality, or where nothing would be left.
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
