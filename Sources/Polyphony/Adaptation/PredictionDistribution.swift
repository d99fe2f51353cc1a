import Torch

/// Predictions as distributions, for methods that minimise entropy.
///
/// For classes it is the softmax, and for a label the probabilities of its presence and its absence. A regression gives
/// one number without a distribution. So it gets one over K bins with centres c_k at equal distances over the task's
/// range: p_k ∝ exp(−(ŷ − c_k)²/2σ²), with σ half the distance of two centres. Its entropy only measures the distance
/// of ŷ from a centre and not the confidence of the model, so results carry a remark. Each of several targets or labels
/// has its own distribution, and methods average over them.
struct PredictionDistribution {
  let task: PredictionTask
  private let bins: Int
  /// The lowest and the highest centre of each target.
  private var bounds: (low: [Double], high: [Double])

  init(_ task: PredictionTask, bins: Int) {
    (self.task, self.bins) = (task, bins)
    let range = task.range ?? [-1, 1]
    bounds = (Array(repeating: range[0], count: task.outputs), Array(repeating: range[1], count: task.outputs))
  }

  /// Remarks on the entropy of a model's predictions, which concern only a regression.
  static func notes(for model: MultimodalModel) -> [String] {
    guard model.configuration.task.kind == .regression else { return [] }
    return ["a regression has no entropy of its own: it is taken over bins of the predicted value"]
  }

  /// Makes a distribution. For a task without a range, the source's predictions give the bins.
  static func fitted(_ session: AdaptationSession, bins: Int) throws(Fault) -> PredictionDistribution {
    var result = PredictionDistribution(session.model.configuration.task, bins: bins)
    guard result.task.kind == .regression, result.task.range == nil else { return result }
    let prediction = try session.predict(Array(0..<session.seen))
    for (place, (low, high)) in zip(prediction.minimum(0).doubles, prediction.maximum(0).doubles).enumerated() {
      let margin = high - low > 1e-6 ? 0.0 : 1
      (result.bounds.low[place], result.bounds.high[place]) = (low - margin, high + margin)
    }
    return result
  }

  /// Makes a distribution with the bins of a ``state()``.
  static func loaded(
    _ saved: [String: Tensor], _ session: AdaptationSession, bins: Int, file: String?
  ) throws(Fault) -> PredictionDistribution {
    var result = PredictionDistribution(session.model.configuration.task, bins: bins)
    let bounds = try SavedTensors.tensor("bins", saved, file: file).doubles
    let outputs = result.task.outputs
    if bounds.count == 2 * outputs { result.bounds = (Array(bounds[..<outputs]), Array(bounds[outputs...])) }
    return result
  }

  /// The number of classes or bins, or of the two answers to a label.
  var count: Int {
    switch task.kind {
    case .regression: bins
    case .multilabel: 2
    case .classification, .segmentation: task.classes ?? 2
    }
  }

  /// The largest entropy, ln C.
  var maximumEntropy: Double { Tensor(Double(count), dtype: .float64).log().item }

  /// The log probabilities of a prediction: `[B, C]`, `[B, C, K]` for K targets or labels, or `[B, C, H, W]`.
  func logProbabilities(_ prediction: Tensor) -> Tensor {
    if task.kind == .multilabel {
      // The softmax of the logits 0 and ŷ is 1 − σ(ŷ) and σ(ŷ).
      return Tensor.stacked([prediction.zerosLike(), prediction], 1).logSoftmax(1)
    }
    guard task.kind == .regression else { return prediction.logSoftmax(1) }
    let parts = (0..<task.outputs).map { target in binned(prediction.slice(1, target, target + 1), target) }
    return parts.count == 1 ? parts[0] : .stacked(parts, 2)
  }

  /// The log probabilities of the bins of one target, `[B, bins]` from `[B, 1]`.
  private func binned(_ prediction: Tensor, _ target: Int) -> Tensor {
    let step = (bounds.high[target] - bounds.low[target]) / Double(bins - 1)
    let centres = (0..<bins).map { Float(bounds.low[target] + step * Double($0)) }
    let distance = (prediction - Tensor(centres).to(prediction.dtype).to(prediction.device).unsqueezed(0)) / (step / 2)
    return (distance.squared() * -0.5).logSoftmax(1)
  }

  /// The entropy of each sample, `[B]`; the mean over targets, labels or the places of an image.
  static func entropy(_ logProbabilities: Tensor) -> Tensor {
    (-(logProbabilities.exp() * logProbabilities).sum(1)).meanOfEachSample
  }

  /// The probabilities of each sample, `[B, C]` (averaged over the places of an image) or `[B, C·K]`.
  static func probabilities(_ logProbabilities: Tensor) -> Tensor {
    let p = logProbabilities.exp()
    return p.rank > 3 ? p.meanOverPlaces : p.flattened(1)
  }

  func state() -> [(key: String, tensor: Tensor)] { [("bins", Tensor(bounds.low + bounds.high))] }
}

extension SettingsReader {
  /// Reads `bins`, the number of bins for the entropy of a regression.
  func entropyBins() throws(Fault) -> Int { try int("bins", default: 7, in: 2...1000) }
}
