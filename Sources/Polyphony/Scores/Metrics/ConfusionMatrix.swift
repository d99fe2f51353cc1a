import Torch

/// How often each class was taken for each class; all classification and segmentation metrics follow from it.
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

  /// Makes a matrix from counts that were taken elsewhere (on a device): `[C, C]`, row = truth.
  public init(counts: [Int], classes: Int) {
    precondition(counts.count == classes * classes, "\(counts.count) counts for \(classes) classes")
    self.classes = classes
    self.counts = counts
  }

  /// Counts pairs of truth and prediction.
  ///
  /// - Throws: `Fault(.badData)` for a class below 0 or from `classes` on, with the index of its sample.
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

  /// Counts pairs that are known to be in range.
  init(pairs: [(truth: Int, prediction: Int)], classes: Int) {
    self.init(classes: classes)
    for (row, column) in pairs { counts[row * classes + column] += 1 }
  }

  /// How often the truth was `truth` and the prediction `prediction`.
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
  /// How many pairs have a class as truth.
  public func support(_ index: Int) -> Int { (0..<classes).reduce(0) { $0 + self[index, $1] } }
  /// How many pairs have a class as prediction.
  public func predicted(_ index: Int) -> Int { (0..<classes).reduce(0) { $0 + self[$1, index] } }
}

extension ConfusionMatrix {
  /// The share of pairs that agree; nil over no pairs.
  public var accuracy: Double? { ratio((0..<classes).reduce(0) { $0 + self[$1, $1] }, total) }

  /// The share of a class's samples that were found; nil where it has none.
  public func recall(_ index: Int) -> Double? { ratio(self[index, index], support(index)) }

  /// The share of the samples taken for a class that are of it; nil where there are none.
  public func precision(_ index: Int) -> Double? { ratio(self[index, index], predicted(index)) }

  /// 2·TP / (truths + predictions) of a class; nil where it occurs on neither side.
  public func f1(_ index: Int) -> Double? { ratio(2 * self[index, index], support(index) + predicted(index)) }

  /// F1, averaged over the classes by their number of truths; nil over no pairs.
  public var weightedF1: Double? {
    guard total > 0 else { return nil }
    return (0..<classes).reduce(0) { $0 + (f1($1) ?? 0) * Double(support($1)) } / Double(total)
  }

  /// F1, averaged over the classes that occur as truth or as prediction; nil over no pairs.
  public var macroF1: Double? { mean((0..<classes).compactMap(f1)) }

  /// Recall, averaged over the classes that occur as truth; nil over no pairs.
  public var balancedAccuracy: Double? { mean((0..<classes).compactMap(recall)) }

  private func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
  private func mean(_ values: [Double]) -> Double? { values.isEmpty ? nil : Regression.mean(values) }
}
