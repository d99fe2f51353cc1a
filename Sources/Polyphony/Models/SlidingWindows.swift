import Foundation
import Torch

/// The windows through which a model reads images of another size than its own, as nnU-Net and MONAI do.
///
/// Windows have the model's size and overlap by half. Each pixel's prediction is the mean over its windows, weighted by a
/// Gaussian around the middle of the window: w = Π_a max(exp(−x_a² / 2σ_a²)), σ_a an eighth of the window's side, and at
/// least 0.001. An image that is smaller than a window gets zeros around it.
///
/// The values are those of MONAI's `sliding_window_inference` with `overlap=0.5` and `mode="gaussian"`.
///
/// ```swift
/// let windows = SlidingWindows(image: [240, 240], window: [128, 128])
/// print(windows.patches.count)  // 9
/// ```
public struct SlidingWindows {
  /// The pixels that a pass through a model may have. More samples or windows go through several passes.
  static let mostPixels = 1 << 21
  private static let smallestWeight = 1e-3

  /// The size of a window.
  public let window: [Int]
  /// The size of the image.
  public let image: [Int]
  /// The size of the image with the zeros around it.
  private let padded: [Int]

  /// Describes windows over images of a size.
  public init(image: [Int], window: [Int]) {
    (self.image, self.window) = (image, window)
    padded = zip(image, window).map(max)
  }

  /// The windows of a model over some samples; nil where the samples have the model's size.
  init?(of configuration: ModelConfiguration, over inputs: Inputs) {
    let window = configuration.modalities[0].extent
    guard !window.isEmpty else { return nil }
    let image = Array(inputs.modalities[0].shape.suffix(window.count))
    guard image != window else { return nil }
    self.init(image: image, window: window)
  }

  /// The windows in the order of their first pixels. The last one of an axis ends with the image.
  public var patches: [Patch] {
    let starts = zip(padded, window).map { size, side in
      let step = side == size ? side : max(1, side / 2)
      return Array(stride(from: 0, to: size - side, by: step)) + [size - side]
    }
    let origins = starts.reduce([[Int]]([[]])) { origins, starts in
      origins.flatMap { origin in starts.map { origin + [$0] } }
    }
    return origins.map { Patch(origin: $0, size: window) }
  }

  /// The weight of each pixel of a window, `[window]`.
  public var weights: Tensor {
    let axes = window.map { side in
      (0..<side).map { place in
        let distance = Double(place) - Double(side - 1) / 2
        return Float(exp(-distance * distance / (2 * pow(Double(side) / 8, 2))))
      }
    }
    let product = axes.enumerated().reduce(Tensor.ones(window)) { product, axis in
      var shape = window.map { _ in 1 }
      shape[axis.offset] = axis.element.count
      return product * Tensor(axis.element, shape: shape)
    }
    return product.clamped(Self.smallestWeight, nil)
  }

  /// Predicts samples window by window.
  /// - Parameters:
  ///   - inputs: the samples.
  ///   - model: predicts samples of a window's size.
  /// - Returns: The weighted mean of the predictions, `[B, outputs]` and the image's size. Representation and features are
  ///   means over the places of all windows, `[B, width]` each. There are no encodings.
  func output(
    of inputs: Inputs, _ model: (Inputs) -> MultimodalModel.Output
  ) -> MultimodalModel.Output {
    var pooled: [Tensor] = []
    let windows = patches
    let prediction = merged(over: inputs) { parts, count in
      let output = model(parts)
      let mean = output.pooled.reshaped(count, inputs.count, -1).sum(0)
      pooled.append(mean)
      return output.prediction
    }
    let mean = pooled.dropFirst().reduce(pooled[0], +) / Double(windows.count)
    return MultimodalModel.Output(encoded: [], representation: mean, features: mean, prediction: prediction)
  }

  /// The weighted mean of what `body` makes of the windows, `[B, outputs]` and the image's size.
  /// - Parameter body: receives some windows of all samples, `[windows · B, …]`, and the number of windows.
  func merged(over inputs: Inputs, _ body: (Inputs, _ windows: Int) -> Tensor) -> Tensor {
    let (samples, windows, whole) = (inputs.count, patches, padding(inputs))
    let passSize = max(1, Self.mostPixels / (window.reduce(1, *) * samples))
    let weights = weights
    var (sum, total): (Tensor?, Tensor?) = (nil, nil)
    for start in stride(from: 0, to: windows.count, by: passSize) {
      let group = windows[start..<min(start + passSize, windows.count)]
      let predictions = body(parts(of: whole, Array(group)), group.count)
      let own = weights.to(predictions.device).to(predictions.dtype)
      let shape = [samples, predictions.size(1)] + padded
      let (sums, totals) = (
        sum ?? .zeros(shape, dtype: own.dtype, device: own.device), total ?? .zeros(padded, device: own.device)
      )
      for (place, patch) in group.enumerated() {
        let prediction = predictions[place * samples..<(place + 1) * samples]
        patch.part(of: sums).addInPlace(prediction * own)
        noGrad { patch.part(of: totals).addInPlace(weights.to(own.device)) }
      }
      (sum, total) = (sums, totals)
    }
    guard let sum, let total else { return .zeros([0]) }
    return inner.part(of: sum / total.to(sum.dtype))
  }

  /// The windows of some samples, with their masks.
  func parts(of batch: Batch) -> [Batch] {
    let whole = Batch(padding(batch.inputs), target: padding(batch.target))
    return patches.map { Batch(whole.inputs.part($0), target: $0.part(of: whole.target)) }
  }

  /// The image within the zeros around it.
  private var inner: Patch { Patch(origin: zip(padded, image).map { ($0 - $1) / 2 }, size: image) }

  private func padding(_ inputs: Inputs) -> Inputs {
    var result = inputs
    result.modalities = inputs.modalities.map(padding)
    return result
  }

  private func padding(_ images: Tensor) -> Tensor {
    guard padded != image else { return images }
    let before = inner.origin
    return images.padded(image.indices.reversed().flatMap { [before[$0], padded[$0] - image[$0] - before[$0]] })
  }

  private func parts(of inputs: Inputs, _ group: [Patch]) -> Inputs {
    Inputs(
      inputs.modalities.map { images in .concatenated(group.map { $0.part(of: images) }) },
      presence: inputs.presence.map { presence in .concatenated(group.map { _ in presence }) })
  }
}

extension SlidingWindows {
  /// The passes of a model over samples, in their order. Each has at most `wanted` samples, and few enough for the memory
  /// of a pass.
  /// - Parameter indices: the samples; nil for all.
  static func passes(
    _ wanted: Int = 256, over samples: UnlabelledSplit, at indices: [Int]? = nil, for configuration: ModelConfiguration
  ) -> [[Int]] {
    let size = passSize(wanted, of: samples, configuration)
    let batches = BatchSampler(count: indices?.count ?? samples.count, batchSize: size, seed: nil).epoch(0)
    return indices.map { indices in batches.map { $0.map { indices[$0] } } } ?? batches
  }

  /// The number of samples for a pass: at most `wanted`, and few enough for the memory of a pass.
  static func passSize(_ wanted: Int, of samples: UnlabelledSplit, _ configuration: ModelConfiguration) -> Int {
    let axes = configuration.modalities[0].extent.count
    guard axes > 0 else { return wanted }
    let pixels = samples.stored.modalities[0].shape.suffix(axes).reduce(1, *)
    return max(1, min(wanted, mostPixels / max(1, pixels)))
  }
}
