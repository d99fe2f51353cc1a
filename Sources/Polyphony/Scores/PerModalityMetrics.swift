import Torch

/// What each modality is worth to a trained model, as metrics beside the task's own, so that they are averaged over
/// seeds like those.
///
/// With the task's principal metric (``Evaluation/principalMetric(_:)``), for each modality NAME:
///
/// * `NAME/alone`: the metric with this modality only;
/// * `NAME/without`: the metric with all others;
/// * `NAME/shapley`: its Shapley value (``ModalityContributions``), positive where it helps;
/// * `NAME/probe`: the metric of a linear map of its encodings (``LinearProbe``); not for segmentation;
///
/// and `modality_gap`, how far the best modality alone is from the worst.
public enum PerModalityMetrics {
  /// What is measured of a modality, in the order in which it is shown.
  public enum Kind: String, CaseIterable, Sendable {
    /// The score with this modality only.
    case alone
    /// The score with all others.
    case without
    /// Its Shapley value.
    case shapley
    /// The score of a linear probe of its encoder.
    case probe
  }

  /// The name of the metric that says how far the best modality alone is from the worst.
  public static let gap = "modality_gap"

  /// The name of one metric of a modality.
  public static func name(_ modality: String, _ kind: Kind) -> String { "\(modality)/\(kind.rawValue)" }

  /// The modality of a metric and what is measured of it; nil for a metric of the whole model.
  public static func place(of metric: String) -> (modality: String, kind: Kind)? {
    guard let slash = metric.lastIndex(of: "/"), slash != metric.startIndex else { return nil }
    return Kind(rawValue: String(metric[metric.index(after: slash)...])).map { (String(metric[..<slash]), $0) }
  }

  /// Measures a model.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - split: where the metric is measured.
  ///   - training: what the linear probes are fitted on.
  ///   - device: where to compute.
  /// - Throws: `Fault` where a metric cannot be computed for the task.
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
