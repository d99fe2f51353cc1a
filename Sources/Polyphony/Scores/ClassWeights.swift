import Torch

/// The weights of the classes in a loss.
///
/// ```swift
/// let weights = try ClassWeights.balanced.values(for: target, PredictionTask(kind: .classification, classes: 3))
/// ```
public enum ClassWeights: Equatable, Sendable {
  /// One weight per class, in the order of the classes.
  case given([Double])
  /// The weights N/(C·n_c) for N training targets, C classes and n_c targets of class c. Every class then counts alike,
  /// and the mean weight of a target is 1.
  ///
  /// In a multi-label classification, the weight of a label's positive samples is (N − n_c)/n_c for N samples, n_c of
  /// them with the label (`pos_weight` of PyTorch). Positive and negative samples of a label then count alike.
  case balanced

  /// The word for ``balanced`` in recipes.
  static let word = "balanced"

  /// The weights as numbers.
  ///
  /// - Parameters:
  ///   - target: the targets of the training split: i64 of any shape, or `[N, K]` of 0 and 1 for labels.
  ///   - task: the task.
  /// - Throws: `Fault(.usage)` for weights that do not fit the task, and for `balanced` if a class has no target.
  public func values(for target: Tensor, _ task: PredictionTask) throws(Fault) -> [Double] {
    switch self {
    case .given(let weights):
      try TaskLoss.check(weights, for: task)
      return weights
    case .balanced:
      guard task.kind != .regression, let classes = task.classes else {
        throw Fault(
          .usage, "these class weights do not fit the task", key: "training.class_weights", found: Self.word,
          expected: "none: regression has no classes")
      }
      if task.kind == .multilabel { return try Self.positiveWeights(target, task) }
      let counts = Self.counts(target, classes)
      if let absent = counts.firstIndex(of: 0) {
        throw Fault(
          .usage, "classes cannot be balanced without a sample of each", key: "training.class_weights",
          found: "no training target of class \(task.className(absent))", expected: "a target of each class",
          remedy: "give the weights as a list of \(classes) numbers in the order \(task.classOrder)")
      }
      let total = Double(counts.reduce(0, +))
      return counts.map { total / (Double(classes) * Double($0)) }
    }
  }

  private static func positiveWeights(_ target: Tensor, _ task: PredictionTask) throws(Fault) -> [Double] {
    let total = Double(target.size(0))
    let counts = target.to(.float64).sum(0).doubles
    if let place = counts.firstIndex(where: { $0 == 0 || $0 == total }) {
      throw Fault(
        .usage, "a label cannot be balanced without samples that have it and samples that lack it",
        key: "training.class_weights",
        found: "\(counts[place] == 0 ? "no" : "every") training sample has \(task.className(place))",
        expected: "both for each label",
        remedy: "give the weights as a list of \(counts.count) numbers in the order \(task.classOrder)")
    }
    return counts.map { (total - $0) / $0 }
  }

  private static func counts(_ target: Tensor, _ classes: Int) -> [Int] {
    var counts = Array(repeating: 0, count: classes)
    for value in target.flattened().integers where counts.indices.contains(value) { counts[value] += 1 }
    return counts
  }
}

extension ClassWeights: Codable {
  /// Reads a list of numbers, or the word `balanced`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let weights = try? container.decode([Double].self) {
      self = .given(weights)
      return
    }
    guard try container.decode(String.self) == Self.word else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "neither weights nor \(Self.word)")
    }
    self = .balanced
  }

  /// Writes a list of numbers, or the word `balanced`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .given(let weights): try container.encode(weights)
    case .balanced: try container.encode(Self.word)
    }
  }
}

extension PredictionTask {
  /// The name of a class, or its number if it has none.
  func className(_ index: Int) -> String {
    if let labels, labels.indices.contains(index) { labels[index] } else { "\(index)" }
  }

  /// The classes in their order, as words.
  var classOrder: String { (0..<(classes ?? 0)).map(className).joined(separator: ", ") }
}
