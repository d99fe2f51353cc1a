import Torch

/// The answers of a model to the samples of a split, summed up for a report.
///
/// A classification has figures by class, its calibration and the wrong answers with the highest confidence. A
/// regression has pairs of truth and prediction, and the answers with the largest errors. A segmentation has images with
/// their masks. No other task has a summary.
public struct AnswerSummary: Equatable, Sendable {
  /// An answer that is far from the truth.
  public struct Worst: Equatable, Sendable {
    /// The sample's id: its text, or else its number.
    public var id: String
    /// The true class or value.
    public var target: String
    /// The predicted class or value.
    public var prediction: String
    /// The probability of the predicted class, or prediction − truth of a regression.
    public var figure: Double
  }

  /// A true and a predicted value.
  public struct Pair: Equatable, Sendable {
    /// The true value.
    public var target: Double
    /// The predicted value.
    public var prediction: Double
  }

  /// The maximum number of answers in ``worst``.
  public static let mostWorst = 10
  /// The maximum number of pairs. Of more samples, every n-th has its pair.
  public static let mostPairs = 200

  /// The figures by class of a classification.
  public var classes: ClassReport?
  /// The calibration of a classification.
  public var calibration: Calibration?
  /// The pairs of a regression.
  public var pairs: [Pair] = []
  /// The worst answers, the worst one first.
  public var worst: [Worst] = []
  /// The images of a segmentation with the lowest and the highest Dice, the lowest first.
  public var images: [SegmentedImage] = []

  init() {}

  /// Sums up predictions `[N, outputs]`. Returns nil for a task without a summary, and for predictions that are not
  /// numbers.
  ///
  /// - Parameters:
  ///   - prediction: logits `[N, C]` of a classification or `[N, C, H, W]` of a segmentation, values `[N, 1]` of a
  ///     regression.
  ///   - target: the targets.
  ///   - task: the task.
  ///   - inputs: the samples. Only a segmentation shows them.
  ///   - ids: the samples' ids. Default: their places from 0.
  ///   - names: the names of samples and classes.
  init?(
    _ prediction: Tensor, _ target: Tensor, task: PredictionTask, inputs: Inputs? = nil, ids: [Int]? = nil,
    names: AnswerNames = .init()
  ) {
    func id(_ index: Int) -> String {
      let number = ids?[index] ?? index
      guard ids != nil, let texts = names.samples, texts.indices.contains(number) else { return String(number) }
      return texts[number]
    }
    switch task.kind {
    case .classification:
      self.init(logits: prediction, target.integers, task.classes ?? 0, task.labels ?? names.classes, id)
    case .regression where prediction.count == target.count && prediction.count == target.size(0):
      self.init(values: prediction.floats, target.floats, id)
    case .segmentation:
      guard let first = inputs?.modalities.first, first.rank > 3 else { return nil }
      self.init()
      let classes = prediction.rank == target.rank ? prediction : noGrad { prediction.argmax(1) }
      images = SegmentedImage.extremes(classes, target, first, id)
    default: return nil
    }
  }

  private init?(
    logits: Tensor, _ truth: [Int], _ count: Int, _ labels: [String]?, _ id: (Int) -> String
  ) {
    guard let predicted = ClassificationMetrics.prediction(logits: logits.floats, classes: count),
      let confusion = try? ConfusionMatrix(truth: truth, prediction: predicted, classes: count)
    else { return nil }
    let probabilities = noGrad { logits.softmax(1).floats }
    let confidences = predicted.enumerated().map { Double(probabilities[$0 * count + $1]) }
    let report = ClassReport(confusion, labels: labels)
    classes = report
    calibration = Calibration(confidences: confidences, correct: zip(predicted, truth).map(==))
    let wrong = truth.indices.filter { predicted[$0] != truth[$0] }
    worst = Self.first(wrong, by: { confidences[$0] }).map { index in
      Worst(
        id: id(index), target: report.labels[truth[index]], prediction: report.labels[predicted[index]],
        figure: confidences[index])
    }
  }

  private init?(values: [Float], _ truth: [Float], _ id: (Int) -> String) {
    guard Regression.isDefined(values, truth) else { return nil }
    let step = (truth.count + Self.mostPairs - 1) / Self.mostPairs
    pairs = stride(from: 0, to: truth.count, by: step).map {
      Pair(target: Double(truth[$0]), prediction: Double(values[$0]))
    }
    let errors = zip(values, truth).map { Double($0) - Double($1) }
    worst = Self.first(Array(truth.indices), by: { abs(errors[$0]) }).map { index in
      Worst(id: id(index), target: "\(truth[index])", prediction: "\(values[index])", figure: errors[index])
    }
  }

  /// The first few indices by a figure, the largest first. Equal ones keep their order.
  private static func first(_ indices: [Int], by figure: (Int) -> Double) -> [Int] {
    Array(indices.sorted { (figure($1), $0) < (figure($0), $1) }.prefix(mostWorst))
  }
}

extension MultimodalModel {
  /// Scores a split like ``evaluate(_:loss:batchSize:device:prepare:)``, and sums up the answers.
  ///
  /// - Parameters:
  ///   - split: the samples with their targets.
  ///   - names: the names of samples and classes.
  ///   - device: the device that computes.
  ///   - group: the processes that share the work.
  ///   - prepare: changes each batch of inputs first.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number, and if a process of the group has gone.
  func answers(
    to split: LabelledSplit, names: AnswerNames = .init(), device: Device = .cpu, group: ProcessGroup? = nil,
    prepare: (Inputs, [Int]) -> Inputs = { inputs, _ in inputs }
  ) throws(Fault) -> (evaluation: Evaluation, summary: AnswerSummary?) {
    let (evaluation, prediction) = try scored(split, device: device, group: group, prepare: prepare)
    return (
      evaluation,
      AnswerSummary(
        prediction, split.target, task: configuration.task, inputs: split.samples.inputs, ids: split.samples.ids,
        names: names)
    )
  }
}
