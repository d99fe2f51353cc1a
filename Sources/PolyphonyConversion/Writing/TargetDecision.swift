import Polyphony

/// The decision between classes and numbers for a target of numbers, with the reason in words.
struct TargetDecision: Equatable {
  /// The decision about the target.
  let kind: PredictionTask.Kind
  /// The decision and its alternative for the user. It is nil where a name or fractions leave no doubt.
  let note: String?

  /// The number of different whole numbers that are classes without further conditions.
  private static let few = 20
  /// The number of samples per value that makes many different whole numbers classes.
  private static let manySamples = 10

  /// Decides about the targets of all splits.
  /// - Parameters:
  ///   - key: the name of the target.
  ///   - isFloat: true if the file stores floating-point numbers.
  ///   - distinct: the different values.
  ///   - count: the number of samples with a target.
  init(key: String, isFloat: Bool, distinct: Set<Double>, count: Int) {
    if key.contains("regression") {
      (kind, note) = (.regression, nil)
    } else if key.contains("class") {
      (kind, note) = (.classification, nil)
    } else if !distinct.allSatisfy({ $0 == $0.rounded() }) {
      (kind, note) = (.regression, nil)
    } else if isFloat {
      kind = .regression
      note =
        "\(key): \(distinct.count) different whole numbers, stored as floating-point numbers, are predicted as numbers. "
        + "--task classification makes them classes"
    } else if Self.areClasses(distinct, count) {
      kind = .classification
      note =
        "\(key): \(distinct.count) different whole numbers in \(count) samples are classes. "
        + "--task regression predicts them as numbers"
    } else {
      kind = .regression
      note =
        "\(key): \(distinct.count) different whole numbers in \(count) samples are predicted as numbers. "
        + "--task classification makes them classes"
    }
  }

  /// Whole numbers are classes if they repeat and are few, without gaps from 0 or 1, or each in many samples.
  private static func areClasses(_ distinct: Set<Double>, _ count: Int) -> Bool {
    guard let first = distinct.min(), let last = distinct.max(), 2 * distinct.count <= count else { return false }
    if distinct.count <= few { return true }
    let hasNoGaps = (first == 0 || first == 1) && last - first + 1 == Double(distinct.count)
    return distinct.count <= TargetColumn.mostClasses && (hasNoGaps || distinct.count * manySamples <= count)
  }
}
