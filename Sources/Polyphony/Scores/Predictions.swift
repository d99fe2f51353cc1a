import Torch

/// The predictions and representations of many samples.
///
/// ```swift
/// let predictions = model.predict(target, batchSize: 64)
/// let classes = predictions.prediction.argmax(1).integers
/// ```
public struct Predictions {
  /// The values or logits, `[N, outputs]` f32.
  public var prediction: Tensor
  /// The representations, `[N, width]` f32, averaged over the places of a map.
  public var representation: Tensor

  /// Makes predictions from tensors, such as those of a file.
  public init(prediction: Tensor, representation: Tensor) {
    (self.prediction, self.representation) = (prediction, representation)
  }
}

extension MultimodalModel {
  /// Predicts all samples of a split in their order, in evaluation mode and without gradients.
  /// - Parameters:
  ///   - samples: the samples.
  ///   - batchSize: the number of samples per pass.
  ///   - device: the device that computes.
  ///   - prepare: changes each batch of inputs first, for example by removing modalities.
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

  /// Passes all samples of a split through the model in their order, in evaluation mode and without gradients.
  /// - Parameters:
  ///   - samples: the samples.
  ///   - batchSize: the number of samples per pass.
  ///   - device: the device that computes.
  ///   - encodings: true for outputs that hold the encoded modalities.
  ///   - prepare: changes each batch of inputs first.
  ///   - body: receives each batch's output and the indices of its samples.
  public func forEachBatch(
    of samples: UnlabelledSplit, batchSize: Int = 256, device: Device = .cpu, encodings: Bool = false,
    prepare: (Inputs, [Int]) -> Inputs = { inputs, _ in inputs }, _ body: (Output, [Int]) -> Void
  ) {
    evaluating {
      noGrad {
        for indices in SlidingWindows.passes(batchSize, over: samples, for: configuration) {
          body(self(prepare(samples.rows(indices), indices).to(device), encodings: encodings), indices)
        }
      }
    }
  }

  /// The means over a split of some numbers of each batch's output and target, in evaluation mode.
  ///
  /// An image that is larger than the model's counts window by window, because encodings belong to a window.
  func means(over split: LabelledSplit, count: Int, _ values: (Output, Tensor) -> [Double]) -> [Double] {
    var sums = Array(repeating: 0.0, count: count)
    var windowCount = 1
    evaluating {
      noGrad {
        for indices in SlidingWindows.passes(over: split.samples, for: configuration) {
          let batch = split.batch(indices)
          let windows = SlidingWindows(of: configuration, over: batch.inputs)?.parts(of: batch) ?? [batch]
          windowCount = windows.count
          for window in windows {
            let window = window.to(device)
            let own = values(self(window.inputs, encodings: true), window.target)
            sums = zip(sums, own).map { $0 + $1 * Double(indices.count) }
          }
        }
      }
    }
    return sums.map { $0 / Double(split.count * windowCount) }
  }
}
