import Torch

/// A corruption of inputs, such as `noise:3`: a kind and a severity from 0 (unchanged) to 5.
///
/// `both:noise:3` hits all modalities at once (``hitsAll``), as one event in the world does.
///
/// Strengths are relative to each feature's own mean μ and standard deviation σ over real steps. So a severity has the
/// same meaning for every feature, and a constant feature stays unchanged. The random numbers ε, n and u depend on seed
/// and modality alone, so a higher severity is a stronger form of the same corruption.
///
/// | kind | effect | severities 1 to 5 |
/// |---|---|---|
/// | `noise` | x + aσε, ε standard normal | a = 0.25, 0.5, 1, 1.5, 2 |
/// | `gain` | μ + eᵃⁿ(x − μ), n standard normal per feature, like an uncalibrated sensor | a = 0.1, 0.2, 0.4, 0.7, 1 |
/// | `drop` | a share of steps (numbers of a vector, rows of an image) becomes μ; one stays | 10, 20, 40, 60, 80 % |
/// | `shift` | a delay by a share of the steps (columns of an image), filled with the first one | 5, 10, 20, 30, 40 % |
/// | `swap` | a share of features (or image channels) swaps in pairs, in units of σ about μ | 10, 20, 40, 60, 80 % |
/// | `gamma` | the power eᵃ or e⁻ᵃ of an image's values between their extremes, like another scanner's contrast | a = 0.15, 0.3, 0.5, 0.7, 1 |
/// | `bias` | an image's values over their least, times a smooth field eᵃᶠ with f from −1 to 1, like an uneven coil | a = 0.15, 0.3, 0.5, 0.7, 1 |
/// | `missing` | a share of the samples loses a modality, a named one or a random one | 10, 30, 50, 70, 90 % |
///
/// Padding and missing modalities stay as they are, and no sample loses its last modality. `gamma` and `bias` leave a
/// pixel that is exactly 0, because it lies outside the brain.
///
/// ```swift
/// let shift = try Shift(.noise, severity: 3)
/// let noisy = try Dataset("gestures").labelled("test", corruptedBy: shift, only: ["motion"])
/// ```
public struct Shift: Hashable, Sendable, CustomStringConvertible {
  /// The kind of corruption.
  public enum Kind: String, Sendable, CaseIterable {
    /// Adds Gaussian noise.
    case noise
    /// Multiplies each feature by a random factor.
    case gain
    /// Replaces steps by the mean.
    case drop
    /// Moves the sequence in time.
    case shift
    /// Exchanges features.
    case swap
    /// Changes the contrast of images.
    case gamma
    /// Multiplies images by a smooth field.
    case bias
    /// Removes a modality from samples.
    case missing

    /// The strengths of severities 0 to 5, each a factor of deviations or a share.
    var strengths: [Double] {
      switch self {
      case .noise: [0, 0.25, 0.5, 1, 1.5, 2]
      case .gain: [0, 0.1, 0.2, 0.4, 0.7, 1]
      case .drop, .swap: [0, 0.1, 0.2, 0.4, 0.6, 0.8]
      case .shift: [0, 0.05, 0.1, 0.2, 0.3, 0.4]
      case .gamma, .bias: [0, 0.15, 0.3, 0.5, 0.7, 1]
      case .missing: [0, 0.1, 0.3, 0.5, 0.7, 0.9]
      }
    }

    /// True if this kind can change a modality.
    public func canChange(_ modality: Modality) -> Bool {
      let (isImage, isSequence) = (modality.isMapped, modality.kind == .sequence)
      switch self {
      case .noise, .gain, .missing: return true
      case .drop: return (isImage ? modality.height : isSequence ? modality.length : modality.features) ?? 0 > 1
      case .shift: return (isImage ? modality.width : isSequence ? modality.length : nil) ?? 0 > 1
      case .swap: return (isImage ? modality.channels : modality.features) ?? 0 > 1
      case .gamma, .bias: return isImage
      }
    }
  }

  /// The severities that have an effect.
  public static let severities = 1...5

  /// The kind of corruption.
  public let kind: Kind
  /// The severity, 0 to 5.
  public let severity: Int

  /// True for an event that hits all modalities at once. Each modality must be one that the kind can change. `drop` then
  /// takes the same moments from all sequences, and `missing` leaves the samples that it hits one random modality.
  public let hitsAll: Bool

  /// Makes a shift.
  /// - Throws: `Fault(.usage)` for a severity outside 0 to 5.
  public init(_ kind: Kind, severity: Int, hitsAll: Bool = false) throws(Fault) {
    guard (0...5).contains(severity) else { throw Shift.fault("\(kind.rawValue):\(severity)") }
    (self.kind, self.severity, self.hitsAll) = (kind, severity, hitsAll)
  }

  /// The prefix of a shift that hits all modalities.
  static let all = "both:"

  /// Takes the prefix `both:` from a text.
  package static func withoutPrefix(_ name: String) -> (rest: String, hitsAll: Bool) {
    name.hasPrefix(all) ? (String(name.dropFirst(all.count)), true) : (name, false)
  }

  /// Reads a shift from its name, such as `noise:3` or `both:noise:3`.
  /// - Throws: `Fault(.usage)` for another form, an unknown kind or a severity outside 0 to 5.
  public init(named name: String) throws(Fault) {
    let (rest, hitsAll) = Shift.withoutPrefix(name)
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let severity = Int(parts[1]) else { throw Shift.fault(name) }
    guard let kind = Kind(rawValue: parts[0]) else {
      throw Shift.fault(name, remedy: Suggestion.question(for: parts[0], among: Kind.allCases.map(\.rawValue)))
    }
    try self.init(kind, severity: severity, hitsAll: hitsAll)
  }

  /// The name without the severity, `KIND` or `both:KIND`.
  public var family: String { (hitsAll ? Shift.all : "") + kind.rawValue }

  /// The name, `KIND:SEVERITY` or `both:KIND:SEVERITY`.
  public var description: String { "\(family):\(severity)" }

  var strength: Double { kind.strengths[severity] }

  private static func fault(_ found: String, remedy: String? = nil) -> Fault {
    Fault(
      .usage, "there is no such shift", key: "--shift", found: found,
      expected:
        "KIND:SEVERITY with KIND one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")) and SEVERITY 0 "
        + "to 5, such as noise:3, or both:noise:3 for all modalities at once", remedy: remedy)
  }
}
