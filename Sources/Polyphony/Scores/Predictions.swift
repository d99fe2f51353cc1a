import Torch

/// What a model says of many samples.
public struct Predictions {
  /// `[N, outputs]` f32: values, or logits.
  public var prediction: Tensor
  /// `[N, width]` f32; a map is averaged over its places.
  public var representation: Tensor
}

extension MultimodalModel {
  /// Predicts all samples of a split, in their order, in evaluation form and without gradients.
  /// - Parameters:
  ///   - samples: the samples.
  ///   - batchSize: samples that are computed at once.
  ///   - device: where to compute.
  ///   - prepare: changes each batch of inputs first, such as taking modalities away.
  public func predict(
    _ samples: UnlabelledSplit, batchSize: Int = 256, device: Device = .cpu,
    prepare: (Inputs, [Int]) -> Inputs = { inputs, _ in inputs }
  ) -> Predictions {
    var predictions: [Tensor] = []
    var representations: [Tensor] = []
    forEachBatch(of: samples, batchSize: batchSize, device: device, prepare: prepare) { output, _ in
      predictions.append(output.prediction.to(.cpu))
      representations.append(output.pooled.to(.cpu))
    }
    return Predictions(prediction: .concatenated(predictions), representation: .concatenated(representations))
  }

  /// Passes all samples of a split through the model in their order, in evaluation form and without gradients.
  /// - Parameters:
  ///   - samples: the samples.
  ///   - batchSize: samples that are computed at once.
  ///   - device: where to compute.
  ///   - encodings: whether the outputs shall hold the encoded modalities.
  ///   - prepare: changes each batch of inputs first.
  ///   - body: gets each batch's output and the samples it is of.
  public func forEachBatch(
    of samples: UnlabelledSplit, batchSize: Int = 256, device: Device = .cpu, encodings: Bool = false,
    prepare: (Inputs, [Int]) -> Inputs = { inputs, _ in inputs }, _ body: (Output, [Int]) -> Void
  ) {
    evaluating {
      noGrad {
        for indices in BatchSampler(count: samples.count, batchSize: batchSize, seed: nil).epoch(0) {
          body(self(prepare(samples.rows(indices), indices).to(device), encodings: encodings), indices)
        }
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
