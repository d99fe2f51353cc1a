import Torch

/// Random changes of the images that a model trains on, and of their masks: the augmentation of nnU-Net (Isensee et al.
/// 2021), with ranges for slices of an MR examination.
///
/// Every sample draws its own changes. All its images get the same geometric change, since they are co-registered. A pixel
/// that is exactly 0 keeps that value through ``Change/gamma``, ``Change/brightness`` and ``Change/noise``: it lies outside
/// the brain, or its image is missing. All slices of a volume get the same change, as in nnU-Net for thick slices.
///
/// The draw depends only on the seed, the epoch and the sample's index, so a resumed run repeats it.
///
/// ```swift
/// let augmentation = ImageAugmentation([.flip, .rotate, .gamma], seed: 0)
/// let changed = augmentation(training.batch(indices), indices: indices, epoch: 3)
/// ```
public struct ImageAugmentation: Sendable {
  /// A kind of change.
  public enum Change: String, Codable, Sendable, CaseIterable {
    /// Left and right change places, with probability 0.5.
    case flip
    /// A turn by an angle up to 20 degrees, with probability 0.5.
    case rotate
    /// A magnification by e^u with u from −0.2 to 0.2, with probability 0.5.
    case scale
    /// The power e^u of an image's values between its extremes, with u from −0.4 to 0.4, and then its former mean and
    /// deviation. Each image draws it with probability 0.3.
    case gamma
    /// A factor from 0.7 to 1.3 and an offset up to 0.3 deviations. Each image draws them with probability 0.3.
    case brightness
    /// Normal noise with a deviation up to 0.3 of the image's own. Each sample draws it with probability 0.2.
    case noise
  }

  /// The kinds of changes.
  public var changes: Set<Change>
  /// The seed of all draws.
  public var seed: UInt64

  /// Makes an augmentation.
  public init(_ changes: [Change], seed: UInt64) { (self.changes, self.seed) = (Set(changes), seed) }

  /// Changes the samples of a training step.
  /// - Parameters:
  ///   - batch: the samples. The modalities are images `[B, C, H, W]` or volumes `[B, C, D, H, W]` of one size, and the
  ///     target is `[B, H, W]` or `[B, D, H, W]`.
  ///   - indices: their places in the training split.
  ///   - epoch: the epoch, counted from 0.
  public func callAsFunction(_ batch: Batch, indices: [Int], epoch: Int) -> Batch {
    let count = batch.inputs.modalities.count
    let draws = indices.map { index in
      AugmentationDraw(changes, images: count, DerivedSeed.of(seed, UInt64(epoch), UInt64(index)))
    }
    let shapes = batch.inputs.modalities.map(\.shape)
    var result = batch
    // The slices of a volume are channels of an image here.
    result.inputs.modalities = batch.inputs.modalities.map { $0.rank == 5 ? $0.flattened(1, 2) : $0 }
    if draws.contains(where: { !$0.isInPlace }) {
      let size = batch.target.shape.suffix(2)
      let maps = Tensor(draws.flatMap { $0.map(height: size.first ?? 1, width: size.last ?? 1) })
        .reshaped(to: [draws.count, 2, 3])
      result.inputs.modalities = result.inputs.modalities.map { $0.resampled(by: maps.to($0.dtype)) }
      let masks = batch.target.rank == 4 ? batch.target : batch.target.unsqueezed(1)
      result.target = masks.to(.float32).resampled(by: maps, nearest: true).reshaped(to: batch.target.shape).to(.int64)
    }
    for index in result.inputs.modalities.indices {
      result.inputs.modalities[index] = intensities(
        of: result.inputs.modalities[index], draws.map { $0.intensities[index] }
      ).reshaped(to: shapes[index])
    }
    return result
  }

  /// Changes the values of one image of each sample.
  private func intensities(of image: Tensor, _ draws: [AugmentationDraw.Intensity]) -> Tensor {
    guard draws.contains(where: { $0 != AugmentationDraw.Intensity() }) else { return image }
    func column(_ number: (AugmentationDraw.Intensity) -> Double) -> Tensor {
      Tensor(draws.map { Float(number($0)) }).to(image.dtype).reshaped(-1, 1, 1, 1)
    }
    let inside = .!(image .== 0)
    let weights = inside.to(image.dtype)
    let count = weights.sum(1, 2, 3, keep: true).clamped(1, nil)
    func moments(_ x: Tensor) -> (mean: Tensor, deviation: Tensor) {
      let mean = (x * weights).sum(1, 2, 3, keep: true) / count
      let square = (((x - mean) * weights).pow(2)).sum(1, 2, 3, keep: true) / count
      return (mean, square.sqrt().clamped(1e-6, nil))
    }
    let before = moments(image)
    var x = image.power(
      column(\.exponent), from: image.minimum(1, 2, 3, keep: true), to: image.maximum(1, 2, 3, keep: true))
    let after = moments(x)
    x = (x - after.mean) / after.deviation * before.deviation + before.mean
    x = x * column(\.factor) + before.deviation * column(\.offset)
    if draws.contains(where: { $0.noise > 0 }) {
      let noise = draws.map { Tensor.normal(Array(image.shape.dropFirst()), generator: Generator(seed: $0.noiseSeed)) }
      x = x + Tensor.stacked(noise).to(image.dtype) * (before.deviation * column(\.noise))
    }
    return x.selected(where: inside, otherwise: image)
  }
}
