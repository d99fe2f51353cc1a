import Polyphony
import Torch

/// The first states of a picture: its square patches as vectors, behind one or two learnt ones, plus positions.
final class PatchEmbeddings: Module {
  /// The published names of the parts.
  struct Names {
    let projection: String
    let first: String
    /// The second learnt vector, for knowledge distillation (DeiT).
    var second: String?
    let positions: String
    /// True if the learnt vectors and positions have leading dimensions of size 1.
    let isBatched: Bool
    let hasBias: Bool
  }

  @Child var projection: Conv2d
  @Parameter var first: Tensor
  @OptionalParameter var second: Tensor?
  @Parameter var positions: Tensor
  /// The pixels of a patch's side.
  let patch: Int
  private let grid: Int

  init(_ names: Names, _ configuration: ConfigurationReader, width: Int) throws(Fault) {
    patch = try configuration.square("patch_size", 1...1024)
    let size = try configuration.square("image_size", patch...65_536)
    let channels = try configuration.integer("num_channels", 3...3, default: 3)
    grid = size / patch
    guard grid * grid <= 1 << 20 else { throw configuration.fault("image_size", "at most 2²⁰ patches") }
    _projection = Child(names.projection)
    _first = Parameter(names.first)
    _second = OptionalParameter(names.second)
    _positions = Parameter(names.positions)
    super.init()
    let count = grid * grid + (names.second == nil ? 1 : 2)
    let leading = names.isBatched ? [1] : []
    projection = Conv2d(channels, width, kernel: patch, stride: patch, bias: names.hasBias)
    first = .zeros(leading + leading + [width])
    if names.second != nil { second = .zeros(leading + leading + [width]) }
    positions = .zeros(leading + [count, width])
  }

  /// The number of states of a picture.
  func count(height: Int, width: Int) -> Int { (height / patch) * (width / patch) + (second == nil ? 1 : 2) }

  /// Returns states `[batch, patches + 1 or 2, width]`.
  ///
  /// Pictures of another size than the encoder was trained on get positions that are interpolated bicubically.
  func callAsFunction(_ pixels: Tensor) throws(Fault) -> Tensor {
    try PictureChecks.shape(pixels, least: patch)
    let patches = projection(pixels)
    let width = patches.size(1)
    let learnt = [first, second].compactMap(\.self).map { $0.reshaped(1, 1, width).expanded(pixels.size(0), 1, width) }
    let states = Tensor.concatenated(learnt + [patches.flattened(2).transposed(1, 2)], 1)
    return states + places([patches.size(2), patches.size(3)], learnt: learnt.count)
  }

  /// Returns the positions of a grid `[height, width]` of patches.
  private func places(_ size: [Int], learnt: Int) -> Tensor {
    let width = positions.size(-1)
    let table = positions.reshaped(1, -1, width)
    guard size != [grid, grid] else { return table }
    let picture = table.slice(1, learnt).reshaped(1, grid, grid, width).permuted(0, 3, 1, 2)
    let resized = picture.upsampledBicubic(to: size).permuted(0, 2, 3, 1).reshaped(1, -1, width)
    return .concatenated([table.slice(1, 0, learnt), resized], 1)
  }
}

/// The checks of pictures that a caller gives.
enum PictureChecks {
  static func shape(_ pixels: Tensor, least: Int) throws(Fault) {
    guard pixels.rank == 4, pixels.size(0) > 0, pixels.size(1) == 3, pixels.dtype.isFloatingPoint else {
      throw Fault(
        .usage, "these are no pictures", key: "pixels", found: "\(pixels)", expected: "float32[batch, 3, height, width]"
      )
    }
    guard min(pixels.size(2), pixels.size(3)) >= least else {
      throw Fault(
        .badData, "a picture is smaller than the encoder can read", key: "pixels",
        found: "\(pixels.size(2))×\(pixels.size(3)) pixels", expected: "at least \(least)×\(least)",
        remedy: "enlarge the picture")
    }
  }
}

extension ConfigurationReader {
  /// Returns the side of a square, which may be given as one number or as two equal ones.
  func square(_ key: String, _ bounds: ClosedRange<Int>) throws(Fault) -> Int {
    guard let sides = try? integers(key, bounds, count: 2...2) else { return try integer(key, bounds) }
    guard sides[0] == sides[1] else { throw fault(key, "a square") }
    return sides[0]
  }
}
