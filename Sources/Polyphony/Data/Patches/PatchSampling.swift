import Torch

/// Random parts of the images that a model trains on, and of their masks (nnU-Net, Isensee et al. 2021).
///
/// A model of small patches learns from large images in little memory. Lesions are rare, so some samples must show one:
/// with the probability ``foreground`` a sample draws one of the classes above 0 that its mask has, then one pixel of
/// this class, and the patch has this pixel in its middle, or as near to it as the border of the image allows. All other
/// patches lie anywhere in the image.
///
/// The patches of an epoch are numbered: patch i of N samples belongs to the sample i mod N. The draw depends only on the
/// seed, the epoch and this number. So a resumed run repeats it, and so do the processes that divide a batch.
///
/// ```swift
/// let patches = PatchSampling([64, 64], foreground: 0.33, seed: 0)
/// let batch = patches.batch(of: training, indices, epoch: 3)
/// ```
public struct PatchSampling: Sendable {
  /// The share of samples whose patch holds foreground where a recipe does not say it, as in nnU-Net.
  public static let usualForeground = 0.33

  /// The number of pixels along each axis.
  public var size: [Int]
  /// The share of samples whose patch is certain to hold a pixel of the foreground, if their mask has one.
  public var foreground: Double
  /// The number of patches that each sample gives to an epoch.
  public var perSample: Int
  /// The seed of all draws.
  public var seed: UInt64

  /// Makes a rule.
  public init(
    _ size: [Int], foreground: Double = PatchSampling.usualForeground, perSample: Int = 1, seed: UInt64
  ) {
    (self.size, self.foreground, self.perSample) = (size, foreground, perSample)
    // Augmentation derives its numbers from the same seed, epoch and sample.
    self.seed = DerivedSeed.of(seed, name: "patches")
  }

  /// Reads some patches.
  /// - Parameters:
  ///   - split: the samples, whose images are at least as large as a patch.
  ///   - indices: the numbers of the patches, below N times ``perSample``.
  ///   - epoch: the epoch, counted from 0.
  public func batch(of split: LabelledSplit, _ indices: [Int], epoch: Int) -> Batch {
    let samples = indices.map { $0 % split.count }
    let patches = zip(samples, indices).map { patch(in: split.target[$0], index: $1, epoch: epoch) }
    let target = Tensor.stacked(zip(samples, patches).map { $1.part(of: split.target[$0]) })
    return Batch(split.samples.parts(samples, patches), target: target)
  }

  /// Draws a patch of a sample from its mask, `[H, W]` or `[D, H, W]`.
  func patch(in mask: Tensor, index: Int, epoch: Int) -> Patch {
    let generator = Generator(seed: DerivedSeed.of(seed, UInt64(epoch), UInt64(index)))
    let numbers = Tensor.uniform([3 + size.count], generator: generator).floats.map(Double.init)
    func draw(_ number: Double, below count: Int) -> Int { min(Int(number * Double(count)), count - 1) }
    let rooms = zip(mask.shape, size).map { $0 - $1 }
    let anywhere = zip(rooms, numbers[3...]).map { draw($1, below: $0 + 1) }
    guard numbers[0] < foreground else { return Patch(origin: anywhere, size: size) }
    let classes = mask.flattened()
    let places = (.!(classes .== 0)).nonZero().flattened()
    let labels = classes.rows(places).integers
    let present = Set(labels).sorted()
    guard !present.isEmpty else { return Patch(origin: anywhere, size: size) }
    let label = present[draw(numbers[1], below: present.count)]
    let own = labels.indices.filter { labels[$0] == label }
    var place = places[own[draw(numbers[2], below: own.count)]].integers[0]
    var origin = Array(repeating: 0, count: size.count)
    for axis in size.indices.reversed() {
      origin[axis] = min(max(place % mask.size(axis) - size[axis] / 2, 0), rooms[axis])
      place /= mask.size(axis)
    }
    return Patch(origin: origin, size: size)
  }
}
