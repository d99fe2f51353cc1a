import Torch

/// A part of an image: the place of its first pixel along each axis of space, and its size.
///
/// ```swift
/// let patch = Patch(origin: [16, 0], size: [64, 64])
/// let part = patch.part(of: image)  // [B, C, 64, 64] of [B, C, 88, 104]
/// ```
public struct Patch: Equatable, Sendable {
  /// The place of the first pixel along each axis.
  public var origin: [Int]
  /// The number of pixels along each axis.
  public var size: [Int]

  /// Describes a part.
  public init(origin: [Int], size: [Int]) { (self.origin, self.size) = (origin, size) }

  /// The part that begins with the image.
  static func start(_ size: some Collection<Int>) -> Patch { Patch(origin: size.map { _ in 0 }, size: Array(size)) }

  /// The part of a tensor whose last axes are those of the image, as a view.
  public func part(of tensor: Tensor) -> Tensor {
    let first = tensor.rank - size.count
    return size.indices.reduce(tensor) { part, axis in
      part.slice(first + axis, origin[axis], origin[axis] + size[axis])
    }
  }
}

extension Inputs {
  /// The same part of every image.
  func part(_ patch: Patch) -> Inputs {
    var result = self
    result.modalities = modalities.map { patch.part(of: $0) }
    return result
  }
}

extension UnlabelledSplit {
  /// A part of each of some images. The rest of these images is not read from the file.
  func parts(_ indices: [Int], _ patches: [Patch]) -> Inputs {
    let parts = stored.modalities.map { images in
      Tensor.stacked(zip(indices, patches).map { $1.part(of: images[$0]) })
    }
    source?.didRead(indices.count)
    return Inputs(parts, presence: stored.presence?.rows(Tensor(indices))).widened
  }
}
