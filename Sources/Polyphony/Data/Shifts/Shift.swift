import Torch

/// A corruption of inputs, such as `noise:3`: a kind and a severity from 0 (nothing) to 5.
///
/// Strengths are relative to the features' own mean μ and standard deviation σ over real steps, so that a severity
/// means the same for every feature; a feature that never changes is left alone. ε, n and u follow from seed and
/// modality alone, so a higher severity is the same corruption, only more of it.
///
/// | kind | what happens | severities 1 to 5 |
/// |---|---|---|
/// | `noise` | x + aσε, ε standard normal | a = 0.25, 0.5, 1, 1.5, 2 |
/// | `gain` | μ + eᵃⁿ(x − μ), n standard normal for each feature: sensors out of calibration | a = 0.1, 0.2, 0.4, 0.7, 1 |
/// | `drop` | a share of real steps (of a vector's numbers, of an image's rows) becomes μ; one stays | 10, 20, 40, 60, 80 % |
/// | `shift` | everything comes late by a share of the real steps (of an image's columns), the first one is held | 5, 10, 20, 30, 40 % |
/// | `swap` | a share of the features (of an image's channels) changes places in pairs, in units of σ about μ | 10, 20, 40, 60, 80 % |
/// | `missing` | in a share of the samples a modality is removed: one that is named, else one at random | 10, 30, 50, 70, 90 % |
///
/// Padding stays as it is, a modality that a sample lacks too, and no sample loses its last modality.
public struct Shift: Hashable, Sendable, CustomStringConvertible {
  /// What happens to the inputs.
  public enum Kind: String, Sendable, CaseIterable {
    /// Gaussian noise is added.
    case noise
    /// Everything is multiplied.
    case gain
    /// Steps are lost.
    case drop
    /// The sequence is moved in time.
    case shift
    /// Features change places.
    case swap
    /// A sample loses the modality.
    case missing

    /// The strength of severities 0 to 5: a factor of deviations, or a share.
    var strengths: [Double] {
      switch self {
      case .noise: [0, 0.25, 0.5, 1, 1.5, 2]
      case .gain: [0, 0.1, 0.2, 0.4, 0.7, 1]
      case .drop, .swap: [0, 0.1, 0.2, 0.4, 0.6, 0.8]
      case .shift: [0, 0.05, 0.1, 0.2, 0.3, 0.4]
      case .missing: [0, 0.1, 0.3, 0.5, 0.7, 0.9]
      }
    }
  }

  /// Severities that do something.
  public static let severities = 1...5

  /// What happens.
  public let kind: Kind
  /// How much of it, 0 to 5.
  public let severity: Int

  /// A shift.
  /// - Throws: `Fault(.usage)` for a severity outside 0 to 5.
  public init(_ kind: Kind, severity: Int) throws(Fault) {
    guard (0...5).contains(severity) else { throw Shift.fault("\(kind.rawValue):\(severity)") }
    (self.kind, self.severity) = (kind, severity)
  }

  /// The shift of a name, such as `noise:3`.
  /// - Throws: `Fault(.usage)` for another form, an unknown kind or a severity outside 0 to 5.
  public init(named name: String) throws(Fault) {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let severity = Int(parts[1]) else { throw Shift.fault(name) }
    guard let kind = Kind(rawValue: parts[0]) else {
      throw Shift.fault(name, remedy: Suggestion.question(for: parts[0], among: Kind.allCases.map(\.rawValue)))
    }
    try self.init(kind, severity: severity)
  }

  /// `KIND:SEVERITY`.
  public var description: String { "\(kind.rawValue):\(severity)" }

  var strength: Double { kind.strengths[severity] }

  private static func fault(_ found: String, remedy: String? = nil) -> Fault {
    Fault(
      .usage, "there is no such shift", key: "--shift", found: found,
      expected:
        "KIND:SEVERITY with KIND one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")) and SEVERITY 0 "
        + "to 5, such as noise:3", remedy: remedy)
  }
}
