import Torch

/// What a model says of a batch when some of its modalities are absent: the uni-modal predictions that OGM-GE and AGM
/// need, for any architecture and any number of modalities.
///
/// Those methods were published for two encoders and one linear layer over their concatenated outputs, where the share
/// of one modality in the logits can be read off the weight's columns. Deeper heads and fusion encoders have no such
/// split. So a uni-modal prediction is here the model's own with all other modalities absent (zero after
/// normalisation), the same notion by which ``ModalitySubsets`` judges a model. It is computed without a graph and in
/// evaluation form: dropout would only add noise to it, and statistics of batch normalisation shall not see zeros.
enum SoloPredictions {
  /// The prediction with each modality alone.
  static func each(_ step: TrainingStep) -> [Tensor] {
    let count = step.model.configuration.modalities.count
    return (0..<count).map { only in predict(step, [(0..<count).map { $0 == only }])[0] }
  }

  /// The predictions for several subsets.
  static func predict(_ step: TrainingStep, _ subsets: [[Bool]]) -> [Tensor] {
    step.model.evaluating {
      noGrad { subsets.map { step.model(step.batch.inputs.keeping($0)).prediction } }
    }
  }
}

/// How sure a prediction is of the truth, in (0, 1]: the «p[y]» of methods made for classification.
///
/// The share of the true class; for segmentation that of each pixel's; for regression, where nothing is published,
/// exp(−|ŷ − y|), which is 1 for a perfect prediction and whose −log is the absolute error.
enum Confidence {
  /// The mean over the batch.
  static func mean(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Double {
    noGrad { logarithms(prediction, target, task).exp().mean().item }
  }

  /// The mean of the logarithms over the batch, none below log 1e-8.
  static func meanLogarithm(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Double {
    noGrad { logarithms(prediction, target, task).clamped(-18.420680743952367, nil).mean().item }
  }

  private static func logarithms(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    task.kind == .regression
      ? -(prediction - target).abs() : prediction.logSoftmax(1).gathered(1, target.unsqueezed(1))
  }
}

/// The epochs in which a method acts.
struct ActiveEpochs {
  /// The first one, counted from 0.
  var start: Int
  /// The last one.
  var end: Int

  /// Reads `start` and `end`.
  init(_ reader: SettingsReader, end standard: Int) throws(Fault) {
    start = try reader.int("start", default: 0, in: 0...)
    end = try reader.int("end", default: standard, in: 0...)
  }

  func contains(_ epoch: Int) -> Bool { start <= epoch && epoch <= end }
}
