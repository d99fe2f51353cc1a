import Foundation
import Torch

/// The conditions of an evaluation under missing data: one rule, one rule at growing rates, or all patterns.
///
/// ```swift
/// let plan = try MissingPlan("sample:0.1...0.9")
/// for condition in try plan.conditions(for: samples, modalities) {
///   print(condition.rule, condition.mask.missingRate)
/// }
/// ```
public enum MissingPlan: Equatable, Sendable {
  /// One rule.
  case single(MissingProtocol)
  /// One kind of rule at several rates, in ascending order.
  case rates(Family, [Double])
  /// Each pattern of missing modalities in turn, the same for every sample, as in the main protocol of MPLMM's paper.
  /// The list is complete up to six modalities and a stratified sample beyond (``MissingPatterns``).
  case patterns

  /// A rule with a rate.
  public enum Family: String, Sendable, CaseIterable {
    /// ``MissingProtocol/sample(_:)``.
    case sample
    /// ``MissingProtocol/modality(_:)``.
    case modality
    /// ``MissingProtocol/token(_:)``.
    case token
    /// ``MissingProtocol/segment(_:)``.
    case segment

    /// The rule of this family at a rate.
    func rule(_ rate: Double) -> MissingProtocol {
      switch self {
      case .sample: .sample(rate)
      case .modality: .modality(rate)
      case .token: .token(rate)
      case .segment: .segment(rate)
      }
    }
  }

  /// The rules in order; nil for patterns, which depend on the modalities of the data.
  var rules: [MissingProtocol]? {
    switch self {
    case .single(let rule): [rule]
    case .rates(let family, let rates): rates.map(family.rule)
    case .patterns: nil
    }
  }

  /// One condition with its mask for the samples of a split.
  public struct Draw {
    /// The rule, such as `sample:0.3`, `fixed:text+audio` or `complete`.
    public let rule: MissingProtocol
    /// The rate; nil outside a plan of rates.
    public var rate: Double?
    /// The present modalities; nil outside a plan of patterns.
    public var present: [String]?
    /// The number of patterns that the condition represents.
    public var weight = 1.0
    /// The missing entries of the samples.
    public let mask: MissingMask
  }

  /// The usual rates of the literature: 0, 0.1, … 0.9.
  public static let usualRates = (0..<10).map { Double($0) / 10 }

  /// Reads a plan from text.
  ///
  /// The text is a rule (``MissingProtocol``), `sample` (the usual rates), `sample:0.1,0.5`, `sample:0.1...0.9` (steps
  /// of 0.1) or `patterns`.
  /// - Throws: `Fault(.usage)` for an unknown rule or an impossible rate.
  public init(_ text: String, key: String = "--missing") throws(Fault) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let known = MissingProtocol.names + ["complete", "patterns"]
    guard known.contains(parts[0]) else {
      throw Fault(
        .usage, "unknown protocol of missing data", key: key, found: text,
        expected: MissingProtocol.forms + ", several rates as sample, sample:0.1,0.5 or sample:0.1...0.9, or patterns",
        remedy: MissingProtocol.withRule(text) ?? Suggestion.question(for: parts[0], among: known))
    }
    if text == "patterns" {
      self = .patterns
    } else if let family = Family(rawValue: text) {
      self = .rates(family, Self.usualRates)
    } else if parts.count == 2, let family = Family(rawValue: parts[0]), let list = Self.list(parts[1]) {
      var rates: Set<Double> = []
      for rate in list {
        // This refuses text that is no rate.
        _ = try MissingProtocol("\(family.rawValue):\(rate)", key: key)
        if let rate = Double(rate) { rates.insert(rate) }
      }
      self = .rates(family, rates.sorted())
    } else {
      self = .single(try MissingProtocol(text, key: key))
    }
  }

  /// The rates of `0.1,0.5` or `0.1...0.9` as text; nil for a single rate.
  private static func list(_ text: String) -> [String]? {
    for mark in ["...", "…"] {
      let ends = text.components(separatedBy: mark)
      guard ends.count == 2, let low = Double(ends[0]), let high = Double(ends[1]), low <= high, low >= 0, high <= 1
      else { continue }
      return stride(from: (low * 1000).rounded(), through: high * 1000 + 1, by: 100).map { "\(min($0, 1000) / 1000)" }
    }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return parts.count > 1 ? parts : nil
  }

  /// Draws the mask of every condition for a split.
  ///
  /// All conditions have the same seed, so an entry that is missing at one rate is missing at every higher rate.
  /// `modality` cannot lose more than (M − 1)/M, so the plan omits higher rates.
  /// - Throws: `Fault(.usage)` if the rule does not fit the data, or if no rate remains.
  public func conditions(for samples: UnlabelledSplit, _ modalities: [Modality], seed: UInt64 = 0) throws(Fault)
    -> [Draw]
  {
    func draw(_ rule: MissingProtocol) throws(Fault) -> MissingMask {
      try rule.mask(for: samples, modalities, seed: seed)
    }
    var conditions: [Draw] = []
    switch self {
    case .single(let rule):
      conditions = [Draw(rule: rule, mask: try draw(rule))]
    case .rates(let family, let rates):
      let largest = family == .modality ? MissingProtocol.largestRate(modality: modalities.count) : 1
      for rate in rates.sorted() where rate <= largest {
        let rule = try MissingProtocol("\(family.rawValue):\(rate)")
        conditions.append(Draw(rule: rule, rate: rate, mask: try draw(rule)))
      }
      guard !conditions.isEmpty else {
        throw Fault(
          .usage, "a sweep needs a rate", key: "--missing", found: "\(rates)",
          expected: "rates up to \((largest * 1000).rounded(.down) / 1000)")
      }
    case .patterns:
      let names = modalities.map(\.name)
      guard names.count > 1 else {
        throw Fault(
          .usage, "the only modality cannot be missing", key: "--missing", found: "patterns",
          expected: "data of 2 modalities or more")
      }
      for pattern in MissingPatterns.patterns(names.count, seed: seed) {
        let missing = pattern.missing(names)
        let rule = MissingProtocol.fixed(missing)
        conditions.append(
          Draw(
            rule: rule, present: names.filter { !missing.contains($0) }, weight: pattern.weight, mask: try draw(rule)))
      }
    }
    return conditions
  }
}
