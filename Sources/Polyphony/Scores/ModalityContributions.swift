import Foundation
import Torch

/// The contribution of each modality to a model: its score alone, the score without it, and its Shapley value.
///
/// v(S) is the metric with only the modalities S, which ``ModalitySubsets`` defines. It is negated for a metric that is
/// better when low, so a positive contribution always helps. v(∅) is the score of the best constant answer (the mean of
/// each target, or the shares of classes or labels), which needs no modality. The Shapley values (``Coalitions``) add
/// up to v(all) − v(∅).
///
/// Up to six modalities the values come from all subsets. For more, each is a mean over random orders, with its
/// standard error. Every order is taken forwards and backwards.
///
/// ```swift
/// let contributions = try ModalityContributions.measure(model, test)
/// for row in contributions.rows { print(row.modality, row.alone ?? .nan, row.shapley) }
/// ```
public struct ModalityContributions: Sendable {
  /// The contribution of one modality.
  public struct Row: Sendable {
    /// The name of the modality.
    public var modality: String
    /// The metric with this modality alone; nil if it is undefined.
    public var alone: Double?
    /// The metric without this modality; nil if it is undefined.
    public var without: Double?
    /// The Shapley value. A positive one helps, for either direction of the metric.
    public var shapley: Double
    /// The standard error of a sampled value; nil for an exact one.
    public var error: Double?
  }

  /// The name of the metric.
  public var metric: String
  /// The metric with all modalities.
  public var all: Double?
  /// The metric of the best constant answer.
  public var none: Double?
  /// The modalities in the model's order.
  public var rows: [Row]
  /// The modality gap, the difference between the best and the worst modality alone, 0 or more.
  public var gap: Double?
  /// True if the values come from all subsets.
  public var isExact: Bool

  private static let exactUpTo = 6

  /// Measures a model on a split.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - split: the samples for the metric.
  ///   - metric: one of the task's metrics; by default ``Evaluation/principalMetric(_:)``.
  ///   - orders: the number of random orders for more than six modalities.
  ///   - seed: the seed of the random orders.
  ///   - device: the device that computes.
  /// - Throws: `Fault(.usage)` for a metric that the task does not have.
  public static func measure(
    _ model: MultimodalModel, _ split: LabelledSplit, metric: String? = nil, orders: Int = 100, seed: UInt64 = 0,
    device: Device = .cpu
  ) throws(Fault) -> ModalityContributions {
    let task = model.configuration.task
    let name = metric ?? Evaluation.principalMetric(task)
    let worth = Worth(model, split, name, device)
    let names = model.configuration.modalities.map(\.name)
    let count = names.count
    let full = Array(repeating: true, count: count)
    let all = try worth.score(full)
    let alone = try names.indices.map { (index) throws(Fault) in try worth.score(full.indices.map { $0 == index }) }
    let without = try names.indices.map { (index) throws(Fault) in
      try worth.score(full.indices.map { $0 != index })
    }
    let isExact = count <= exactUpTo
    let values = isExact ? try exact(worth, count) : try sampled(worth, count, orders: orders, seed: seed)
    let defined = alone.compactMap(\.self)
    return ModalityContributions(
      metric: name, all: all, none: try worth.score(full.map { _ in false }),
      rows: names.indices.map {
        Row(
          modality: names[$0], alone: alone[$0], without: without[$0], shapley: values[$0].value,
          error: values[$0].error)
      }, gap: defined.max().flatMap { top in defined.min().map { top - $0 } }, isExact: isExact)
  }

  private static func exact(_ worth: Worth, _ count: Int) throws(Fault) -> [(value: Double, error: Double?)] {
    var values: [Double] = []
    for subset in Coalitions.all(count) { values.append(try worth.value(subset)) }
    return Coalitions.weights(count).map { weights in (zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }, nil) }
  }

  private static func sampled(_ worth: Worth, _ count: Int, orders: Int, seed: UInt64) throws(Fault) -> [(
    value: Double, error: Double?
  )] {
    let generator = Generator(seed: seed)
    var gains = Array(repeating: [Double](), count: count)
    for _ in 0..<max(2, orders) {
      let order = generator.permutation(count)
      var pair = Array(repeating: 0.0, count: count)
      for order in [order, order.reversed()] {
        var present = Array(repeating: false, count: count)
        var before = try worth.value(present)
        for player in order {
          present[player] = true
          let after = try worth.value(present)
          pair[player] += (after - before) / 2
          before = after
        }
      }
      for player in 0..<count { gains[player].append(pair[player]) }
    }
    return gains.map { gains in
      let size = Double(gains.count)
      let mean = gains.reduce(0, +) / size
      let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (size - 1)
      return (mean, (variance / size).squareRoot())
    }
  }
}

/// The function v(S), which evaluates each subset once.
private final class Worth {
  private let model: MultimodalModel
  private let split: LabelledSplit
  private let metric: String
  private let device: Device
  private var known: [[Bool]: Double?] = [:]

  init(_ model: MultimodalModel, _ split: LabelledSplit, _ metric: String, _ device: Device) {
    (self.model, self.split, self.metric, self.device) = (model, split, metric, device)
  }

  /// The metric itself.
  func score(_ present: [Bool]) throws(Fault) -> Double? {
    if let value = known[present] { return value }
    let evaluation =
      present.contains(true)
      ? try model.evaluate(split, device: device, prepare: { inputs, _ in inputs.keeping(present) })
      : try constant()
    guard evaluation.metrics.contains(metric) else {
      throw Fault(
        .usage, "the task has no such metric", key: "metric", found: metric,
        expected: evaluation.metrics.names.joined(separator: ", "))
    }
    let value = evaluation.metrics[metric]
    known[present] = .some(value)
    return value
  }

  /// The metric with higher values for better models; 0 if it is undefined.
  func value(_ present: [Bool]) throws(Fault) -> Double {
    let sign = MetricDirection(metric: metric) == .higherIsBetter ? 1.0 : -1.0
    return try score(present).map { sign * $0 } ?? 0
  }

  /// The scores of the best constant answer.
  private func constant() throws(Fault) -> Evaluation {
    let task = model.configuration.task
    let target = split.target
    let prediction: Tensor
    if task.kind == .regression {
      prediction = target.zerosLike() + target.mean(0, keep: true)
    } else if task.kind == .multilabel {
      let shares = target.mean(0, keep: true).clamped(1e-6, 1 - 1e-6)
      prediction = target.zerosLike() + shares.log() - (1 - shares).log()
    } else {
      let classes = task.classes ?? 0
      let shares = target.flattened().oneHot(classes).to(.float32).mean(0)
      let logits = (shares + 1e-6).log()
      prediction =
        task.kind == .classification
        ? logits.unsqueezed(0).expanded(target.size(0), classes)
        : logits.reshaped(to: [1, classes] + target.shape.dropFirst().map { _ in 1 })
          .expanded(to: [target.size(0), classes] + target.shape.dropFirst())
    }
    return try Evaluation(prediction.contiguous(), target, task: task, loss: TaskLoss(task))
  }
}
