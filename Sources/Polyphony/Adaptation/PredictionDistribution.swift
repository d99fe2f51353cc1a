import Torch

/// Predictions as distributions, for methods that minimise entropy.
///
/// For classes it is the softmax. A regression gives one number without a distribution. So it gets one over K bins with
/// centres c_k at equal distances over the task's range: p_k ∝ exp(−(ŷ − c_k)²/2σ²), with σ half the distance of two
/// centres. Its entropy only measures the distance of ŷ from a centre and not the confidence of the model, so results
/// carry a remark.
struct PredictionDistribution {
  let task: PredictionTask
  private let bins: Int
  private var bounds: (low: Double, high: Double)

  init(_ task: PredictionTask, bins: Int) {
    (self.task, self.bins) = (task, bins)
    bounds = task.range.map { ($0[0], $0[1]) } ?? (-1, 1)
  }

  /// Remarks on the entropy of a model's predictions, which concern only a regression.
  static func notes(for model: MultimodalModel) -> [String] {
    guard model.configuration.task.kind == .regression else { return [] }
    return ["a regression has no entropy of its own: it is taken over bins of the predicted value"]
  }

  /// Makes a distribution. For a task without a range, the source's predictions give the bins.
  static func fitted(_ session: AdaptationSession, bins: Int) -> PredictionDistribution {
    var result = PredictionDistribution(session.model.configuration.task, bins: bins)
    guard result.task.kind == .regression, result.task.range == nil else { return result }
    let prediction = session.predict(Array(0..<session.seen))
    let (low, high) = (prediction.minimum().item, prediction.maximum().item)
    result.bounds = high - low > 1e-6 ? (low, high) : (low - 1, high + 1)
    return result
  }

  /// Makes a distribution with the bins of a ``state()``.
  static func loaded(
    _ saved: [String: Tensor], _ session: AdaptationSession, bins: Int, file: String?
  ) throws(Fault) -> PredictionDistribution {
    var result = PredictionDistribution(session.model.configuration.task, bins: bins)
    let bounds = try SavedTensors.tensor("bins", saved, file: file).doubles
    if bounds.count == 2 { result.bounds = (bounds[0], bounds[1]) }
    return result
  }

  /// The number of classes or bins.
  var count: Int { task.kind == .regression ? bins : task.classes ?? 2 }

  /// The largest entropy, ln C.
  var maximumEntropy: Double { Tensor(Double(count), dtype: .float64).log().item }

  /// The log probabilities of a prediction, `[B, C]` or `[B, C, H, W]`.
  func logProbabilities(_ prediction: Tensor) -> Tensor {
    guard task.kind == .regression else { return prediction.logSoftmax(1) }
    let step = (bounds.high - bounds.low) / Double(bins - 1)
    let centres = (0..<bins).map { Float(bounds.low + step * Double($0)) }
    let distance = (prediction - Tensor(centres).to(prediction.dtype).to(prediction.device).unsqueezed(0)) / (step / 2)
    return (distance.squared() * -0.5).logSoftmax(1)
  }

  /// The entropy of each sample, `[B]`; the mean over the places of an image.
  static func entropy(_ logProbabilities: Tensor) -> Tensor {
    overPlaces(-(logProbabilities.exp() * logProbabilities).sum(1))
  }

  /// The mean over places, from `[B, …]` to `[B]`.
  static func overPlaces(_ x: Tensor) -> Tensor { x.rank > 1 ? x.mean(1, 2) : x }

  /// The probabilities of each sample, `[B, C]`, averaged over the places of an image.
  static func probabilities(_ logProbabilities: Tensor) -> Tensor {
    let p = logProbabilities.exp()
    return p.rank == 4 ? p.mean(2, 3) : p
  }

  func state() -> [(key: String, tensor: Tensor)] { [("bins", Tensor([bounds.low, bounds.high]))] }
}

extension SettingsReader {
  /// Reads `bins`, the number of bins for the entropy of a regression.
  func entropyBins() throws(Fault) -> Int { try int("bins", default: 7, in: 2...1000) }
}
