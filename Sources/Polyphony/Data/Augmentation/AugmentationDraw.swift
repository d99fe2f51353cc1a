import Foundation
import Torch

/// The changes that one sample has drawn.
struct AugmentationDraw {
  /// The changes of one image's values. The default changes nothing.
  struct Intensity: Equatable {
    /// The power of the values between the image's extremes.
    var exponent = 1.0
    /// The factor behind it.
    var factor = 1.0
    /// The offset in deviations of the image.
    var offset = 0.0
    /// The deviation of the noise in deviations of the image.
    var noise = 0.0
    /// The seed of the noise.
    var noiseSeed: UInt64 = 0
  }

  private var isFlipped = false
  /// The angle in radians.
  private var angle = 0.0
  /// The magnification.
  private var magnification = 1.0
  /// The changes of each image's values.
  private(set) var intensities: [Intensity]

  /// Draws the changes of a sample. A kind that is not asked for draws its numbers too, so that the others stay the same.
  init(_ changes: Set<ImageAugmentation.Change>, images: Int, _ seed: UInt64) {
    var numbers = Tensor.uniform([6 + 6 * images], generator: Generator(seed: seed)).floats.map(Double.init)[...]
    func next() -> Double { numbers.removeFirst() }
    func symmetric(_ bound: Double, chance: Double, _ change: ImageAugmentation.Change) -> Double {
      let (lot, number) = (next(), next())
      return lot < chance && changes.contains(change) ? (2 * number - 1) * bound : 0
    }
    isFlipped = next() < 0.5 && changes.contains(.flip)
    angle = symmetric(20 * .pi / 180, chance: 0.5, .rotate)
    magnification = exp(symmetric(0.2, chance: 0.5, .scale))
    let noise = next() < 0.2 && changes.contains(.noise)
    intensities = (0..<images).map { image in
      var intensity = Intensity()
      intensity.exponent = exp(symmetric(0.4, chance: 0.3, .gamma))
      intensity.factor = 1 + symmetric(0.3, chance: 0.3, .brightness)
      let offset = next()
      // The factor's lot also decides on the offset.
      intensity.offset = intensity.factor == 1 ? 0 : (2 * offset - 1) * 0.3
      let deviation = next() * 0.3
      if noise { (intensity.noise, intensity.noiseSeed) = (deviation, DerivedSeed.of(seed, UInt64(image))) }
      return intensity
    }
  }

  /// True if every pixel stays in its place.
  var isInPlace: Bool { !isFlipped && angle == 0 && magnification == 1 }

  /// The affine map from places of the result to places of the image, row by row. Pixels are square, so the turn allows
  /// for the sides of the image.
  func map(height: Int, width: Int) -> [Float] {
    let (cosine, sine) = (cos(angle) / magnification, sin(angle) / magnification)
    let ratio = Double(height) / Double(width)
    let sign = isFlipped ? -1.0 : 1.0
    return [sign * cosine, -sign * sine * ratio, 0, sine / ratio, cosine, 0].map(Float.init)
  }
}
