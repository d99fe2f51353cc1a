import Foundation
import Torch

/// The contributions of the modalities to a trained model, as metrics that average over seeds like the task's own.
///
/// For each modality NAME, with the task's principal metric (``Evaluation/principalMetric(_:)``):
///
/// * `NAME/alone`: the metric with this modality only;
/// * `NAME/without`: the metric with all others;
/// * `NAME/shapley`: the Shapley value (``ModalityContributions``), positive if the modality helps;
/// * `NAME/probe`: the metric of a linear map of its encodings (``LinearProbe``), except for segmentation;
/// * `NAME/gradient`: g_m, the mean over batches of the training split of ‖∂L/∂θ_m‖ / √|θ_m|, with θ_m the trainable
///   parameters of its projection and encoder.
///
/// And for the whole model:
///
/// * `modality_gap`: the difference between the best and the worst modality alone;
/// * `modality_equity`: the evenness of the Shapley values φ_m, E = −Σ p_m log p_m / log M with
///   p_m = max(φ_m, 0) / Σ_k max(φ_k, 0). It is 1 where all help alike, and 0 where one alone does;
/// * `gradient_imbalance`: the standard deviation of the g_m over the modalities, divided by their mean. It is 0 where all
///   learn at one pace.
///
/// The last two measure what MissBench (arXiv 2603.09874) calls its Modality Equity Index and its Modality Learning Index.
/// They are not its formulas: its equity compares scores over missing rates, its learning index follows gradients through
/// training.
///
/// ```swift
/// let values = try PerModalityMetrics.measure(model, test, training: training)
/// for (name, value) in values { print(name, value ?? .nan) }
/// ```
public enum PerModalityMetrics {
  /// The metrics of one modality, in display order.
  public enum Kind: String, CaseIterable, Sendable {
    /// The score with this modality only.
    case alone
    /// The score with all others.
    case without
    /// The Shapley value.
    case shapley
    /// The score of a linear probe of its encoder.
    case probe
    /// The size of its gradients.
    case gradient
  }

  /// The name of the modality gap, the difference between the best and the worst modality alone.
  public static let gap = "modality_gap"
  /// The name of the evenness of the Shapley values.
  public static let equity = "modality_equity"
  /// The name of the spread of the gradients' sizes over the modalities.
  public static let imbalance = "gradient_imbalance"
  /// The names of the metrics of the whole model, in display order.
  public static let summary = [gap, equity, imbalance]

  /// The name of one metric of a modality.
  public static func name(_ modality: String, _ kind: Kind) -> String { "\(modality)/\(kind.rawValue)" }

  /// Splits a metric's name into modality and kind; nil for a metric of the whole model.
  public static func place(of metric: String) -> (modality: String, kind: Kind)? {
    guard let slash = metric.lastIndex(of: "/"), slash != metric.startIndex else { return nil }
    return Kind(rawValue: String(metric[metric.index(after: slash)...])).map { (String(metric[..<slash]), $0) }
  }

  /// Measures a model.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - split: the samples for the metrics.
  ///   - training: the samples for the fit of the linear probes, and for the gradients.
  ///   - device: the device that computes.
  /// - Throws: `Fault` if a metric cannot be computed for the task.
  public static func measure(
    _ model: MultimodalModel, _ split: LabelledSplit, training: LabelledSplit, device: Device = .cpu
  ) throws(Fault) -> MetricValues {
    let contributions = try ModalityContributions.measure(model, split, device: device)
    let gradients = ModalityGradients.measure(model, training, device: device)
    var values: MetricValues = [
      gap: contributions.gap, equity: evenness(contributions.rows.map(\.shapley)),
      imbalance: variation(gradients.compactMap(\.self)),
    ]
    for (modality, size) in zip(model.configuration.modalities, gradients) {
      values[name(modality.name, .gradient)] = size
    }
    for row in contributions.rows {
      values[name(row.modality, .alone)] = row.alone
      values[name(row.modality, .without)] = row.without
      values[name(row.modality, .shapley)] = row.shapley
    }
    guard model.configuration.task.kind != .segmentation else { return values }
    for probe in try LinearProbe.scores(model, training: training, test: split, device: device) {
      values[name(probe.modality, .probe)] = probe.metrics[contributions.metric]
    }
    return values
  }

  /// −Σ p log p / log M of the positive parts of M values; nil for one value, and where none is positive.
  static func evenness(_ values: [Double]) -> Double? {
    let positive = values.map { max($0, 0) }
    let total = positive.reduce(0, +)
    guard values.count > 1, total > 0 else { return nil }
    let entropy = positive.filter { $0 > 0 }.map { $0 / total }.reduce(0) { $0 - $1 * log($1) }
    return entropy / log(Double(values.count))
  }

  /// The standard deviation of some values divided by their mean; nil for fewer than two values, and for a mean of 0.
  static func variation(_ values: [Double]) -> Double? {
    let mean = values.reduce(0, +) / Double(max(values.count, 1))
    guard values.count > 1, mean > 0 else { return nil }
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot() / mean
  }
}
