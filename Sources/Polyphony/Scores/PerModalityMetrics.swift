import Torch

/// The contributions of the modalities to a trained model, as metrics that average over seeds like the task's own.
///
/// For each modality NAME, with the task's principal metric (``Evaluation/principalMetric(_:)``):
///
/// * `NAME/alone`: the metric with this modality only;
/// * `NAME/without`: the metric with all others;
/// * `NAME/shapley`: the Shapley value (``ModalityContributions``), positive if the modality helps;
/// * `NAME/probe`: the metric of a linear map of its encodings (``LinearProbe``), except for segmentation.
///
/// `modality_gap` is the difference between the best and the worst modality alone.
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
  }

  /// The name of the modality gap, the difference between the best and the worst modality alone.
  public static let gap = "modality_gap"

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
  ///   - training: the samples for the fit of the linear probes.
  ///   - device: the device that computes.
  /// - Throws: `Fault` if a metric cannot be computed for the task.
  public static func measure(
    _ model: MultimodalModel, _ split: LabelledSplit, training: LabelledSplit, device: Device = .cpu
  ) throws(Fault) -> MetricValues {
    let contributions = try ModalityContributions.measure(model, split, device: device)
    var values: MetricValues = [gap: contributions.gap]
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
}
