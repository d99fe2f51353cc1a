/// The reliability of a classification's probabilities, in bins of confidence (Guo et al., 2017).
///
/// The confidence of an answer is the probability of the predicted class. Bin m of M holds the confidences in
/// ((m − 1)/M, m/M]. A calibrated model answers a share of conf(m) of bin m's samples correctly.
///
/// ```swift
/// let calibration = Calibration(confidences: [0.95, 0.9, 0.6], correct: [true, false, true])
/// print(calibration.error ?? .nan)
/// ```
public struct Calibration: Equatable, Sendable {
  /// The answers with a confidence in one interval.
  public struct Bin: Equatable, Sendable {
    /// The number of answers.
    public var count = 0
    /// The sum of their confidences.
    public var confidence = 0.0
    /// The number of right answers.
    public var correct = 0

    /// The mean confidence. Nil for an empty bin.
    public var meanConfidence: Double? { count == 0 ? nil : confidence / Double(count) }
    /// The share of right answers. Nil for an empty bin.
    public var accuracy: Double? { count == 0 ? nil : Double(correct) / Double(count) }
  }

  /// The number of bins in the literature.
  public static let usualBins = 15

  /// The bins from the lowest to the highest confidence.
  public private(set) var bins: [Bin]

  /// Takes bins that were counted before.
  public init(bins: [Bin]) { self.bins = bins }

  /// Sorts answers into bins of equal width.
  ///
  /// - Parameters:
  ///   - confidences: the probabilities of the predicted classes, 0 to 1.
  ///   - correct: whether each answer is right.
  ///   - count: the number of bins.
  public init(confidences: [Double], correct: [Bool], bins count: Int = usualBins) {
    bins = Array(repeating: Bin(), count: count)
    for (confidence, isRight) in zip(confidences, correct) {
      let place = min(count - 1, max(0, Int((confidence * Double(count)).rounded(.up)) - 1))
      bins[place].count += 1
      bins[place].confidence += confidence
      bins[place].correct += isRight ? 1 : 0
    }
  }

  /// The number of answers.
  public var count: Int { bins.reduce(0) { $0 + $1.count } }

  /// The expected calibration error Σ n_m/n · |acc(m) − conf(m)|. Nil without answers.
  public var error: Double? {
    guard count > 0 else { return nil }
    return bins.reduce(0) { $0 + abs(Double($1.correct) - $1.confidence) } / Double(count)
  }

  /// Adds the answers of another calibration with as many bins.
  public static func += (left: inout Calibration, right: Calibration) {
    precondition(left.bins.count == right.bins.count, "\(left.bins.count) and \(right.bins.count) bins do not add")
    for index in left.bins.indices {
      left.bins[index].count += right.bins[index].count
      left.bins[index].confidence += right.bins[index].confidence
      left.bins[index].correct += right.bins[index].correct
    }
  }
}
