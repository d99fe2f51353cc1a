import Torch

/// The loss and the metrics of predictions against targets.
///
/// ```swift
/// let test = try Dataset("gestures").labelled("test")
/// let evaluation = try model.evaluate(test)
/// print(evaluation.loss, evaluation.metrics["accuracy"] ?? .nan)
/// ```
public struct Evaluation: Sendable {
  /// The task's loss.
  public var loss: Double
  /// The task's metrics.
  public var metrics: MetricValues
  /// The counts of true and predicted classes. Only a classification has them.
  public var confusion: ConfusionMatrix?
  /// The scores by target or label. Only a regression with several targets and a multi-label classification have them.
  public var outputs: OutputReport?

  /// Computes loss and metrics of predictions `[N, outputs]`.
  /// - Parameter volumes: the volumes that the samples of a segmentation are slices of. Default: one, in their order, or
  ///   one for each sample that is a volume.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number.
  public init(
    _ prediction: Tensor, _ target: Tensor, task: PredictionTask, loss: TaskLoss, volumes: VolumeSlices? = nil
  ) throws(Fault) {
    guard prediction.isFinite else { throw Self.notFinite() }
    self.loss = noGrad { loss(prediction, target).item }
    if task.kind == .classification {
      let counts = try Self.confusion(prediction, target, task)
      (metrics, confusion) = (ClassificationMetrics.values(counts), counts)
    } else {
      metrics = try Self.metrics(prediction, target, task, volumes)
      outputs = OutputReport(prediction, target, task: task)
    }
  }

  /// Computes the metrics of a segmentation from predicted classes `[N, …]`, with the loss of their logits.
  init(
    classes: Tensor, _ target: Tensor, task: PredictionTask, loss: Double, volumes: VolumeSlices?
  ) throws(Fault) {
    self.loss = loss
    metrics = try Self.maps(classes, target, task.classes ?? 0, volumes)
  }

  /// The fault of a prediction that is not a finite number.
  /// - Parameter model: the folder of the model, if the message is to name it.
  package static func notFinite(model: String? = nil) -> Fault {
    Fault(
      .failure, "the model predicts values that are not finite numbers", file: model,
      remedy: "check the model's weights and the scale of the inputs")
  }

  private static func confusion(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) throws(Fault)
    -> ConfusionMatrix
  {
    let classes = task.classes ?? 0
    return try ConfusionMatrix(
      truth: target.integers,
      prediction: ClassificationMetrics.prediction(logits: prediction.floats, classes: classes) ?? [], classes: classes)
  }

  private static func metrics(
    _ prediction: Tensor, _ target: Tensor, _ task: PredictionTask, _ volumes: VolumeSlices?
  ) throws(Fault) -> MetricValues {
    switch task.kind {
    case .regression:
      return TargetMetrics.mean(TargetMetrics.perTarget(prediction, target, task.metrics))
    case .multilabel:
      return MultilabelMetrics.values(logits: prediction.floats, truth: target.floats, labels: task.outputs)
    case .classification: return ClassificationMetrics.values(try confusion(prediction, target, task))
    case .segmentation: return try maps(prediction.argmax(1), target, task.classes ?? 0, volumes)
    }
  }

  /// The metrics of maps of classes `[N, H, W]` or `[N, D, H, W]`, by sample and by volume.
  private static func maps(
    _ predicted: Tensor, _ target: Tensor, _ classes: Int, _ volumes: VolumeSlices?
  ) throws(Fault) -> MetricValues {
    var samples: [ConfusionMatrix] = []
    for index in 0..<target.size(0) {
      samples.append(
        try ConfusionMatrix(truth: target[index].integers, prediction: predicted[index].integers, classes: classes))
    }
    // Four classes are those of the BraTS challenge. Its regions are unions of classes.
    let named = classes == 4 ? SegmentationMetrics.Region.braTS : []
    var values = SegmentationMetrics.values(samples: samples, classes: classes, regions: named)
    values.append(
      VolumeMetrics.values(
        prediction: predicted, target: target,
        volumes: volumes ?? (target.rank == 4 ? .whole(target.size(0)) : .single(target.size(0))),
        regions: named.isEmpty ? SegmentationMetrics.Region.classes(classes) : named, showsRegions: !named.isEmpty))
    return values
  }

  /// The usual metric for comparing models on a task. ``MetricDirection`` gives its direction.
  public static func principalMetric(_ task: PredictionTask) -> String { principalMetric(task.kind) }

  private static func principalMetric(_ kind: PredictionTask.Kind) -> String {
    switch kind {
    case .regression: "mae"
    case .classification: "accuracy"
    case .multilabel: "f1_micro"
    case .segmentation: "dice"
    }
  }

  /// The usual metric for results of an unknown task: the first name that is some task's principal metric, else the
  /// first name, and nil for no names.
  public static func principalMetric(among names: [String]) -> String? {
    let principal = Set(PredictionTask.Kind.allCases.map { principalMetric($0) })
    return names.first { principal.contains($0) } ?? names.first
  }
}

extension MultimodalModel {
  /// Predicts a split and computes loss and metrics of the predictions.
  /// - Parameter group: the processes that share the work. All of them must call this method, and get the same.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number, and if a process of the group has gone.
  public func evaluate(
    _ split: LabelledSplit, loss: TaskLoss? = nil, batchSize: Int = 256, device: Device = .cpu,
    group: ProcessGroup? = nil, prepare: (Inputs, [Int]) -> Inputs = { inputs, _ in inputs }
  ) throws(Fault) -> Evaluation {
    try scored(split, loss: loss, batchSize: batchSize, device: device, group: group, prepare: prepare).evaluation
  }

  /// Predicts a split, and returns the predictions beside their evaluation. Those of volumes are classes, not logits.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number.
  func scored(
    _ split: LabelledSplit, loss: TaskLoss? = nil, batchSize: Int = 256, device: Device = .cpu,
    group: ProcessGroup? = nil, prepare: (Inputs, [Int]) -> Inputs
  ) throws(Fault) -> (evaluation: Evaluation, prediction: Tensor) {
    let samples = split.samples
    let task = configuration.task
    if configuration.modalities[0].kind == .volume {
      return try scoredVolumes(
        split, loss: loss ?? TaskLoss(task), batchSize: batchSize, device: device, group: group, prepare: prepare)
    }
    let prediction =
      if let group {
        try predictions(of: samples, by: group, batchSize: batchSize, device: device, prepare: prepare)
      } else {
        predict(samples, batchSize: batchSize, device: device, prepare: prepare).prediction
      }
    guard prediction.isFinite else { throw Evaluation.notFinite(model: folder) }
    let evaluation = try Evaluation(
      prediction, split.target, task: task, loss: loss ?? TaskLoss(task), volumes: split.volumes)
    return (evaluation, prediction)
  }
}
