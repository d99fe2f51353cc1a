import Torch

/// The number of samples for each pair of true and predicted class, the basis of classification and segmentation
/// metrics.
///
/// ```swift
/// let confusion = try ConfusionMatrix(truth: [0, 1, 1, 2], prediction: [0, 1, 2, 2], classes: 3)
/// print(confusion[1, 2], confusion.accuracy ?? .nan)  // 1 0.75
/// ```
public struct ConfusionMatrix: Equatable, Sendable {
  /// The number of classes C.
  public let classes: Int
  /// `[C, C]`, row = truth, column = prediction.
  public private(set) var counts: [Int]

  /// Makes a matrix of zeros.
  public init(classes: Int) {
    self.classes = classes
    counts = Array(repeating: 0, count: classes * classes)
  }

  /// Makes a matrix from counts of another source, such as a device: `[C, C]`, row = truth.
  public init(counts: [Int], classes: Int) {
    precondition(counts.count == classes * classes, "\(counts.count) counts for \(classes) classes")
    self.classes = classes
    self.counts = counts
  }

  /// Counts pairs of truth and prediction.
  ///
  /// - Throws: `Fault(.badData)` with the index of a sample whose class is outside 0 ..< `classes`.
  public init(truth: [Int], prediction: [Int], classes: Int) throws(Fault) {
    precondition(prediction.count == truth.count, "\(prediction.count) predictions for \(truth.count) truths")
    self.init(classes: classes)
    for (name, values) in [("target", truth), ("prediction", prediction)] {
      if let index = values.firstIndex(where: { !(0..<classes).contains($0) }) {
        throw Fault(
          .badData, "a class is out of range", key: name, found: "\(values[index]) in sample \(index)",
          expected: "0 to \(classes - 1)")
      }
    }
    for (row, column) in zip(truth, prediction) { counts[row * classes + column] += 1 }
  }

  /// Counts pairs whose classes are in range.
  init(pairs: [(truth: Int, prediction: Int)], classes: Int) {
    self.init(classes: classes)
    for (row, column) in pairs { counts[row * classes + column] += 1 }
  }

  /// The number of pairs with this truth and this prediction.
  public subscript(truth: Int, prediction: Int) -> Int { counts[truth * classes + prediction] }

  /// Adds the counts of another matrix of the same classes.
  public static func += (left: inout ConfusionMatrix, right: ConfusionMatrix) {
    precondition(left.classes == right.classes, "\(left.classes) and \(right.classes) classes do not add")
    for index in left.counts.indices { left.counts[index] += right.counts[index] }
  }

  /// The matrix with truth and prediction exchanged.
  public var transposed: ConfusionMatrix {
    var result = ConfusionMatrix(classes: classes)
    for row in 0..<classes { for column in 0..<classes { result.counts[column * classes + row] = self[row, column] } }
    return result
  }

  /// The number of pairs.
  public var total: Int { counts.reduce(0, +) }
  /// The number of pairs with a class as truth.
  public func support(_ index: Int) -> Int { (0..<classes).reduce(0) { $0 + self[index, $1] } }
  /// The number of pairs with a class as prediction.
  public func predicted(_ index: Int) -> Int { (0..<classes).reduce(0) { $0 + self[$1, index] } }
}

extension ConfusionMatrix {
  /// The share of pairs with equal classes; nil for no pairs.
  public var accuracy: Double? { ratio((0..<classes).reduce(0) { $0 + self[$1, $1] }, total) }

  /// The share of a class's samples with the right prediction; nil if the class has no samples.
  public func recall(_ index: Int) -> Double? { ratio(self[index, index], support(index)) }

  /// The share of the predictions of a class that are right; nil if the class has no predictions.
  public func precision(_ index: Int) -> Double? { ratio(self[index, index], predicted(index)) }

  /// 2·TP / (truths + predictions) of a class; nil if it has neither.
  public func f1(_ index: Int) -> Double? { ratio(2 * self[index, index], support(index) + predicted(index)) }

  /// The mean F1 over the classes, weighted by their number of truths; nil for no pairs.
  public var weightedF1: Double? {
    guard total > 0 else { return nil }
    return (0..<classes).reduce(0) { $0 + (f1($1) ?? 0) * Double(support($1)) } / Double(total)
  }

  /// The mean F1 over the classes that occur as truth or as prediction; nil for no pairs.
  public var macroF1: Double? { mean((0..<classes).compactMap(f1)) }

  /// The mean recall over the classes that occur as truth; nil for no pairs.
  public var balancedAccuracy: Double? { mean((0..<classes).compactMap(recall)) }

  private func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
  private func mean(_ values: [Double]) -> Double? { values.isEmpty ? nil : Regression.mean(values) }
}
