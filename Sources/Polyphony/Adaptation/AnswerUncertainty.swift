import Torch

/// How unsure a model is of its answers to unlabelled samples. A choice among adapted models compares it.
///
/// For classes and labels it is the mean entropy of the answers, in nats; for segmentation the mean over all places. A
/// regression has no entropy. For it, it is the divergence L of the model's features from those of its training split
/// (``SourceSubspace``).
///
/// ```swift
/// let unsure = try AnswerUncertainty.of(model, outcome.prediction, samples, method: "auto")
/// ```
public enum AnswerUncertainty {
  /// The methods whose own loss lowers the uncertainty for a task. A comparison with others would favour them.
  static func lowered(for task: PredictionTask) -> Set<String> {
    task.kind == .regression
      ? ["ssa"] : ["tent", "eata", "sar", "read", "mean-teacher", "casp", "casp-pseudo", "casp-random"]
  }

  /// The name of the measure for readers of results.
  static func name(for task: PredictionTask) -> String {
    task.kind == .regression ? "divergence of the features" : "mean entropy of the answers"
  }

  /// True if the uncertainty of a model can be measured. A regression needs moments of the source.
  static func canMeasure(_ model: MultimodalModel) -> Bool {
    model.configuration.task.kind != .regression || model.sourceMoments?.principal != nil
  }

  /// Measures the uncertainty of a model.
  /// - Parameters:
  ///   - model: the model, with what adapts it.
  ///   - prediction: its predictions for the samples, values or logits.
  ///   - samples: the samples.
  ///   - method: the name in the fault.
  ///   - device: the device that computes.
  /// - Throws: `Fault(.usage)` for a regression whose model keeps no moments of its features.
  public static func of(
    _ model: MultimodalModel, _ prediction: Tensor, _ samples: UnlabelledSplit, method: String, device: Device = .cpu
  ) throws(Fault) -> Double {
    let task = model.configuration.task
    guard task.kind == .regression else {
      return noGrad {
        let distribution = PredictionDistribution(task, bins: 2)
        return PredictionDistribution.entropy(distribution.logProbabilities(prediction.to(.float64))).mean().item
      }
    }
    let subspace = try SourceSubspace(of: model, device: device, method: method)
    return model.evaluating {
      noGrad {
        let features = BatchSampler(count: samples.count, batchSize: 256, seed: nil).epoch(0).map {
          model(samples.rows($0).to(device)).features
        }
        return subspace.divergence(.concatenated(features)).item
      }
    }
  }
}
