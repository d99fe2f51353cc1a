import Torch

extension SourceMoments {
  /// The largest number of steps that have moments of their own.
  static let mostSteps = 16
  /// The largest number of principal directions.
  private static let mostDirections = 16

  /// Measures the moments of a trained model.
  ///
  /// Each step of a sequence has moments of its own if every sample has all steps and there are at most 16 of them.
  /// Then the steps are often the parts of an instrument. All other sequences have one set of moments for all steps.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - training: the samples whose moments are kept.
  ///   - validation: the samples whose answers tell a regression's strata apart. The model is too sure of those that it
  ///     has learned.
  ///   - device: the device that computes.
  public static func measured(
    _ model: MultimodalModel, training: LabelledSplit, validation: LabelledSplit, device: Device = .cpu
  ) -> SourceMoments {
    let configuration = model.configuration
    let (strata, count) = Strata.of(training.target, configuration.task)
    let weights = strata.oneHot(count).to(.float64)
    var sums: [MomentSums?] = configuration.modalities.enumerated().map { index, modality in
      guard modality.statisticsCount > 0 else { return nil }
      return MomentSums(
        strata: count, steps: ownSteps(training.samples, modality, index), features: modality.statisticsCount)
    }
    var features: [Tensor] = []
    model.evaluating {
      noGrad {
        for indices in BatchSampler(count: training.samples.count, batchSize: 256, seed: nil).epoch(0) {
          let batch = training.samples.rows(indices).to(device)
          let prepared = model.prepared(batch)
          let own = weights.rows(Tensor(indices))
          for index in sums.indices { sums[index]?.add(prepared, modality: index, weights: own) }
          if configuration.task.kind != .segmentation { features.append(model(batch).features.to(.cpu).to(.float64)) }
        }
      }
    }
    var moments = SourceMoments(shares: weights.mean(0), features: [:])
    for (modality, own) in zip(configuration.modalities, sums) { moments.features[modality.name] = own?.moments }
    moments.measureFolds(model, validation, device)
    if !features.isEmpty { moments.principal = principal(.concatenated(features)) }
    if configuration.task.kind == .regression, count > 1 {
      let prediction = model.predict(validation.samples, device: device).prediction
      moments.answers = answers(prediction, Strata.of(validation.target, configuration.task).indices, count)
    }
    return moments
  }

  /// Measures how far the validation split is from the training split.
  private mutating func measureFolds(_ model: MultimodalModel, _ validation: LabelledSplit, _ device: Device) {
    let configuration = model.configuration
    let count = shares.size(0)
    let weights = Strata.of(validation.target, configuration.task).indices.oneHot(count).to(.float64)
    var sums = features.mapValues { own in
      MomentSums(strata: count, steps: own.mean.size(1), features: own.mean.size(2))
    }
    model.evaluating {
      noGrad {
        for indices in BatchSampler(count: validation.samples.count, batchSize: 256, seed: nil).epoch(0) {
          let prepared = model.prepared(validation.samples.rows(indices).to(device))
          let own = weights.rows(Tensor(indices))
          for (index, modality) in configuration.modalities.enumerated() {
            guard let steps = sums[modality.name]?.steps else { continue }
            guard steps == 1 || FeatureSteps.values(prepared.modalities[index]).size(1) == steps else { continue }
            sums[modality.name]?.add(prepared, modality: index, weights: own)
          }
        }
      }
    }
    for (name, own) in sums {
      guard let source = features[name] else { continue }
      features[name]?.foldDrift = noGrad { own.drift(from: source) }
    }
  }

  private static func ownSteps(_ samples: UnlabelledSplit, _ modality: Modality, _ index: Int) -> Int {
    let most = ownSteps(modality)
    if let lengths = samples.inputs.lengths[index], lengths.integers.contains(where: { $0 < most }) { return 1 }
    return samples.inputs.modalities[index].size(1) == most ? most : 1
  }

  /// The most steps of a modality that can have moments of their own: all of a short sequence, else 1.
  static func ownSteps(_ modality: Modality) -> Int {
    guard modality.kind == .sequence, let length = modality.length, length <= mostSteps else { return 1 }
    return length
  }

  private static func principal(_ features: Tensor) -> Principal {
    let mean = features.mean(0)
    let centred = features - mean
    let covariance = centred.transposed(0, 1).matmul(centred) / Double(max(1, features.size(0) - 1))
    let (values, vectors) = covariance.symmetricEigen()
    let largest = values.doubles.last ?? 0
    let kept = values.doubles.suffix(mostDirections).count { $0 > max(largest * 1e-6, 1e-12) }
    let (width, used) = (values.size(0), max(1, kept))
    return Principal(
      mean: mean, directions: vectors.slice(1, width - used).transposed(0, 1).flipped(0).contiguous(),
      variance: values.slice(0, width - used).flipped(0).clamped(1e-12, nil))
  }

  private static func answers(_ prediction: Tensor, _ strata: Tensor, _ count: Int) -> Answers {
    let values = prediction.reshaped(-1, 1).to(.float64)
    let weights = strata.oneHot(count).to(.float64)
    let sizes = weights.sum(0)
    let all = values.variance(0).sqrt().item
    let isFilled = (sizes .> 1).to(.float64)
    let mean = (weights * values).sum(0) / sizes.clamped(1, nil)
    let square = (weights * (values - mean.unsqueezed(0)).squared()).sum(0) / sizes.clamped(1, nil)
    // A stratum with one sample or none says nothing of its own. A floor keeps the others from certainty.
    return Answers(
      mean: mean * isFilled + values.mean() * (1 - isFilled),
      deviation: (square.sqrt() * isFilled + (1 - isFilled) * all).clamped(max(all * 0.05, 1e-6), nil))
  }
}
