import Torch

/// The metrics of classification: `accuracy`, `f1_weighted`, `f1_macro`, `balanced_accuracy`, and those of each class.
///
/// `f1_macro` averages over the classes that occur as truth or prediction. `balanced_accuracy` averages over those that
/// occur as truth. A class without any hit counts with 0.
public enum ClassificationMetrics {
  /// The metrics' names, in order.
  public static let names = ["accuracy", "f1_weighted", "f1_macro", "balanced_accuracy"]

  /// Computes the metrics from counts.
  public static func values(_ confusion: ConfusionMatrix) -> MetricValues {
    [
      "accuracy": confusion.accuracy, "f1_weighted": confusion.weightedF1, "f1_macro": confusion.macroF1,
      "balanced_accuracy": confusion.balancedAccuracy,
    ]
  }

  /// Computes the metrics from logits. All are undefined if a logit is NaN.
  ///
  /// - Parameters:
  ///   - logits: `[N, C]`, row by row; the prediction is the first of the largest ones.
  ///   - truth: `[N]`, 0 to C − 1.
  ///   - classes: C.
  /// - Throws: `Fault(.badData)` for a truth out of range.
  public static func values(logits: [Float], truth: [Int], classes: Int) throws(Fault) -> MetricValues {
    guard let prediction = prediction(logits: logits, classes: classes) else { return .undefined(names) }
    return values(try ConfusionMatrix(truth: truth, prediction: prediction, classes: classes))
  }

  /// The class of the largest logit of each row, the first of equal ones; nil if a logit is NaN.
  ///
  /// - Parameters:
  ///   - logits: `[N, C]`, row by row.
  ///   - classes: C.
  public static func prediction(logits: [Float], classes: Int) -> [Int]? {
    precondition(classes > 0 && logits.count % classes == 0, "\(logits.count) logits for \(classes) classes")
    guard !logits.contains(where: \.isNaN) else { return nil }
    return stride(from: 0, to: logits.count, by: classes).map { start in
      (1..<max(classes, 1)).reduce(0) { logits[start + $1] > logits[start + $0] ? $1 : $0 }
    }
  }

  /// Recall, precision and F1 of each class: `recall/LABEL`, `precision/LABEL`, `f1/LABEL`.
  ///
  /// - Parameters:
  ///   - confusion: the counts.
  ///   - labels: the names of the classes; nil for their numbers.
  public static func perClass(_ confusion: ConfusionMatrix, labels: [String]? = nil) -> MetricValues {
    var values = MetricValues()
    for index in 0..<confusion.classes {
      let label = labels.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? String(index)
      values["recall/\(label)"] = confusion.recall(index)
      values["precision/\(label)"] = confusion.precision(index)
      values["f1/\(label)"] = confusion.f1(index)
    }
    return values
  }
}
