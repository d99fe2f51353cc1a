import Torch

/// A model's predictions of a batch without some of its modalities, for any architecture and number of modalities.
///
/// OGM-GE and AGM need such uni-modal predictions. Their papers assume two encoders and one linear layer over the
/// concatenated outputs, so the columns of the weight give each modality's share of the logits. Deeper heads and fusion
/// encoders have no such split. So a uni-modal prediction is here the model's own prediction with all other modalities
/// absent (zero after normalisation), as in ``ModalitySubsets``. It is computed without a graph and in evaluation mode,
/// because dropout would add noise and statistics of batch normalisation must not include zeros.
enum SoloPredictions {
  /// The predictions with each modality alone.
  static func each(_ step: TrainingStep) -> [Tensor] {
    let count = step.model.configuration.modalities.count
    return (0..<count).map { only in predict(step, [(0..<count).map { $0 == only }])[0] }
  }

  /// The predictions with several subsets of the modalities.
  static func predict(_ step: TrainingStep, _ subsets: [[Bool]]) -> [Tensor] {
    step.model.evaluating {
      noGrad { subsets.map { step.model(step.batch.inputs.keeping($0)).prediction } }
    }
  }
}

/// The confidence of a prediction in the truth, in (0, 1], the «p[y]» of methods for classification.
///
/// It is the share of the true class, per pixel in segmentation, and the probability of the truth of each label. The
/// papers have no form for regression. There it is exp(−|ŷ − y|) for each target, which is 1 for a perfect prediction
/// and whose −log is the absolute error.
enum Confidence {
  /// The mean over the batch, and over targets or labels.
  static func mean(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    noGrad { logarithms(prediction, target, task).exp().mean() }
  }

  /// The mean of the logarithms over the batch, each at least log 1e-8.
  static func meanLogarithm(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    noGrad { logarithms(prediction, target, task).clamped(-18.420680743952367, nil).mean() }
  }

  private static func logarithms(_ prediction: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    switch task.kind {
    case .regression: -(prediction - target).abs()
    case .multilabel: -prediction.binaryCrossEntropy(target, reduction: .none)
    case .classification, .segmentation: prediction.logSoftmax(1).gathered(1, target.unsqueezed(1))
    }
  }
}

/// The epochs in which a method is active.
struct ActiveEpochs {
  /// The first active epoch, counted from 0.
  var start: Int
  /// The last active epoch.
  var end: Int

  /// Reads the settings `start` and `end`.
  init(_ reader: SettingsReader, end standard: Int) throws(Fault) {
    start = try reader.int("start", default: 0, in: 0...)
    end = try reader.int("end", default: standard, in: 0...)
  }

  func contains(_ epoch: Int) -> Bool { start <= epoch && epoch <= end }
}
