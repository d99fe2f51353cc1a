import Torch

/// What a model says of many samples.
public struct Predictions {
  /// `[N, outputs]` f32: values, or logits.
  public var prediction: Tensor
  /// `[N, width]` f32.
  public var representation: Tensor
}

extension MultimodalModel {
  /// Predicts all samples of a split, in their order, in evaluation form and without gradients.
  /// - Parameter prepare: changes each batch of inputs first, such as taking modalities away.
  public func predict(
    _ samples: UnlabelledSplit, batchSize: Int = 256, device: Device = .cpu,
    prepare: (Inputs, [Int]) -> Inputs = { inputs, _ in inputs }
  ) -> Predictions {
    evaluating {
      noGrad {
        var predictions: [Tensor] = []
        var representations: [Tensor] = []
        for indices in BatchSampler(count: samples.count, batchSize: batchSize, seed: nil).epoch(0) {
          let output = self(prepare(samples.rows(indices), indices).to(device))
          predictions.append(output.prediction.to(.cpu))
          representations.append(output.representation.to(.cpu))
        }
        return Predictions(
          prediction: .concatenated(predictions), representation: .concatenated(representations))
      }
    }
  }

  /// Runs `body` in evaluation form and returns to the form before.
  public func evaluating<Result>(_ body: () -> Result) -> Result {
    let before = backbone.isTraining
    train(false)
    defer { train(before) }
    return body()
  }
}
