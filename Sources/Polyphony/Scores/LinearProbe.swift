import Torch

/// The quality of each encoder for the task, measured by ridge regression on its frozen, pooled encodings.
///
/// The encodings X `[N, d]` are means over the real steps, standardised by the training split. The targets Y (values,
/// or ±1 for each class or label) are centred. Then
///
/// W = (XᵀX + α N I)⁻¹ XᵀY,
///
/// in closed form and double precision, so a probe has no seed and no schedule. Samples that lack a modality do not
/// enter its probe.
///
/// ```swift
/// for row in try LinearProbe.scores(model, training: training, test: test) {
///   print(row.modality, row.metrics["accuracy"] ?? .nan)
/// }
/// ```
public enum LinearProbe {
  /// The scores of one encoder.
  public struct Row: Sendable {
    /// The name of the modality.
    public var modality: String
    /// The task's metrics of the probe's predictions, such as `accuracy` for classes.
    public var metrics: MetricValues
  }

  /// Fits a probe for each modality on one split and scores it on another.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - training: the samples for the fit.
  ///   - test: the samples for the scores.
  ///   - ridge: α.
  ///   - device: the device that computes.
  /// - Throws: `Fault(.usage)` for segmentation, whose targets are no vectors.
  public static func scores(
    _ model: MultimodalModel, training: LabelledSplit, test: LabelledSplit, ridge: Double = 1e-2,
    device: Device = .cpu
  ) throws(Fault) -> [Row] {
    let task = model.configuration.task
    guard task.kind != .segmentation else {
      throw Fault(
        .usage, "a linear probe reads one vector per sample, and segmentation has a target for each pixel",
        key: "task", expected: "regression, classification or multilabel",
        remedy: "judge the modalities by ModalityContributions")
    }
    let fitted = encodings(model, training.samples, device)
    let judged = encodings(model, test.samples, device)
    var rows: [Row] = []
    for (index, modality) in model.configuration.modalities.enumerated() {
      let own = training.samples.stored.presentRows(index)
      let others = test.samples.stored.presentRows(index)
      guard own.count > 1, !others.isEmpty else {
        rows.append(Row(modality: modality.name, metrics: MetricValues()))
        continue
      }
      let target = test.target.rows(Tensor(others))
      let prediction = noGrad {
        predict(
          fitted[index].rows(Tensor(own)), training.target.rows(Tensor(own)), judged[index].rows(Tensor(others)),
          task, ridge)
      }
      let evaluation = try Evaluation(prediction.to(.float32), target, task: task, loss: TaskLoss(task))
      rows.append(Row(modality: modality.name, metrics: evaluation.metrics))
    }
    return rows
  }

  private static func predict(
    _ x: Tensor, _ target: Tensor, _ judged: Tensor, _ task: PredictionTask, _ ridge: Double
  ) -> Tensor {
    let mean = x.mean(0, keep: true)
    // A constant feature is 0 everywhere for any divisor.
    let deviation = x.variance(0, keep: true).sqrt() + 1e-12
    let features = (x - mean) / deviation
    let y =
      switch task.kind {
      case .regression: target.to(.float64)
      case .multilabel: target.to(.float64) * 2 - 1
      case .classification, .segmentation: target.oneHot(task.classes ?? 0).to(.float64) * 2 - 1
      }
    let offset = y.mean(0, keep: true)
    let width = features.size(1)
    let identity = Tensor.range(width).oneHot(width).to(.float64)
    let gram = features.transposed(0, 1).matmul(features) + identity * (ridge * Double(features.size(0)))
    let weights = gram.solved(features.transposed(0, 1).matmul(y - offset))
    return ((judged - mean) / deviation).matmul(weights) + offset
  }

  /// Pooled encodings of every modality, `[N, d]` in double precision.
  private static func encodings(_ model: MultimodalModel, _ samples: UnlabelledSplit, _ device: Device) -> [Tensor] {
    var parts = model.configuration.modalities.map { _ in [Tensor]() }
    model.forEachBatch(of: samples, device: device, encodings: true) { output, _ in
      for (index, tokens) in output.encoded.enumerated() {
        parts[index].append(tokens.pooled.to(.cpu).to(.float64))
      }
    }
    return parts.map { .concatenated($0) }
  }
}
