import Torch

extension SourceMoments {
  /// The largest number of steps that have moments of their own.
  static let mostSteps = 16

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
    let (modalities, task) = (model.configuration.modalities, model.configuration.task)
    let (strata, count) = Strata.of(training.target, task)
    let shares = strata.oneHot(count).to(.float64)
    let steps = modalities.enumerated().map { index, modality in ownSteps(training.samples, modality, index) }
    var principal = PrincipalSums()
    let sums = Self.sums(of: training, shares, steps: steps, model, device) { inputs in
      if task.kind != .segmentation { principal.add(model(inputs).features) }
    }
    // A regression's strata are told apart by answers to samples that the model has not learned.
    let tells = task.kind == .regression && count > 1
    let folds = Strata.of(validation.target, task).indices
    var predictions: [Tensor] = []
    let others = Self.sums(of: validation, folds.oneHot(count).to(.float64), steps: steps, model, device) { inputs in
      if tells { predictions.append(model(inputs).prediction.to(.cpu)) }
    }
    return noGrad {
      var moments = SourceMoments(shares: shares.mean(0), features: [:], principal: principal.moments)
      for (index, modality) in modalities.enumerated() {
        guard var own = sums[index]?.moments else { continue }
        own.foldDrift = others[index]?.drift(from: own) ?? .none
        moments.features[modality.name] = own
      }
      if tells { moments.answers = answers(.concatenated(predictions), folds, count) }
      return moments
    }
  }

  /// The sums of each modality over a split; nil for one without features. `body` receives the inputs of each batch, with
  /// the states of encoders inside the model.
  /// - Parameters:
  ///   - weights: the weights of all samples, `[N, K]`.
  ///   - steps: the number of steps with sums of their own, by modality.
  private static func sums(
    of split: LabelledSplit, _ weights: Tensor, steps: [Int], _ model: MultimodalModel, _ device: Device,
    _ body: (Inputs) -> Void
  ) -> [MomentSums?] {
    var sums = zip(model.configuration.modalities, steps).map { modality, steps in
      modality.statisticsCount == 0
        ? nil : MomentSums(strata: weights.size(1), steps: steps, features: modality.statisticsCount)
    }
    model.evaluating {
      noGrad {
        for indices in SlidingWindows.passes(over: split.samples, for: model.configuration) {
          let inputs = model.backbone.encoded(split.samples.rows(indices).to(device))
          let prepared = model.prepared(inputs)
          let own = weights.rows(Tensor(indices))
          for index in sums.indices { sums[index]?.add(prepared, modality: index, weights: own) }
          body(inputs)
        }
      }
    }
    return sums
  }

  private static func ownSteps(_ samples: UnlabelledSplit, _ modality: Modality, _ index: Int) -> Int {
    let most = ownSteps(modality)
    if let lengths = samples.stored.lengths[index], lengths.integers.contains(where: { $0 < most }) { return 1 }
    return samples.stored.modalities[index].size(1) == most ? most : 1
  }

  /// The most steps of a modality that can have moments of their own: all of a short sequence, else 1.
  static func ownSteps(_ modality: Modality) -> Int {
    guard modality.kind == .sequence, let length = modality.length, length <= mostSteps else { return 1 }
    return length
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
