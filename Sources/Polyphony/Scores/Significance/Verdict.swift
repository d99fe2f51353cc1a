/// The conclusion about the difference between two methods. Tables, reports and notes take their words from it.
///
/// ```swift
/// let verdict = Verdict(test, adjusted: adjusted, direction: .higherIsBetter)
/// print(verdict.text)
/// ```
public enum Verdict: Equatable, Sendable {
  /// Better, with a corrected p-value below ``level``.
  case better
  /// Worse, with a corrected p-value below ``level``.
  case worse
  /// A corrected p-value of ``level`` or more, over so many seeds.
  case notSignificant(seeds: Int)
  /// There is no p-value, for this reason.
  case untested(PairedTest.Obstacle)

  /// A corrected p-value below this level is significant.
  public static let level = 0.05

  /// Concludes from a test.
  ///
  /// - Parameters:
  ///   - test: the test of the method against the other one.
  ///   - adjusted: its p-value after ``HolmCorrection``; nil where the test has none.
  ///   - direction: whether more is better.
  public init(_ test: PairedTest, adjusted: Double?, direction: MetricDirection) {
    if let obstacle = test.obstacle {
      self = .untested(obstacle)
    } else if let adjusted, adjusted < Self.level {
      self = direction.improves(test.difference, on: 0) ? .better : .worse
    } else {
      self = .notSignificant(seeds: test.seeds.count)
    }
  }

  /// True for better and worse.
  public var isSignificant: Bool { self == .better || self == .worse }

  /// The verdict in words.
  public var text: String {
    switch self {
    case .better: "better"
    case .worse: "worse"
    case .notSignificant(let seeds): "not significant with \(seeds) seeds"
    case .untested(.noCommonSeed): "no common seed, not tested"
    case .untested(.oneSeed): "one seed, not tested"
    case .untested(.equal): "equal at all seeds, p is undefined"
    case .untested(.noVariance): "no variance between seeds, p is undefined"
    case .untested(.undefined): "a score is undefined, not tested"
    }
  }
}
