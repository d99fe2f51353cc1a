import Torch

/// A sequence on its way through a model: features per step, and a mask of the real steps.
///
/// An image is the sequence of its places, row by row, with channels as features, and a volume slice by slice. So every
/// method that reads steps (pooling, probes, attention, contrast) reads images too. The change from a map to a sequence and back costs nothing,
/// because both are views of one tensor. A decoder of pixels also gets the ``grid`` and the features of finer grids
/// (``details``).
///
/// ```swift
/// let text = Tokens(values, mask: inputs.mask(0))  // [B, L, width]
/// let vector = text.pooled  // [B, width], without padding
/// ```
public struct Tokens {
  /// `[B, L, width]`.
  public var values: Tensor
  /// `[B, L]` (bool), true for real steps; nil where all are.
  public var mask: Tensor?

  /// The sizes of the image or the volume whose places are the steps; nil for other sequences.
  public var grid: Grid?
  /// Features of finer grids, which a decoder of pixels reads too, `[B, C', h', w']` each, the finest first. Those of a
  /// volume have a depth before the height.
  public var details: [Tensor] = []

  /// The sizes of a map along its axes: rows and columns, and the slices of a volume before them.
  public struct Grid: Equatable, Sendable {
    /// The sizes, from the outermost axis to the columns.
    public var sizes: [Int]

    /// A grid of rows and columns.
    public init(height: Int, width: Int) { sizes = [height, width] }

    /// A grid of two or three sizes.
    public init(_ sizes: [Int]) { self.sizes = sizes }

    /// The slices; nil for an image.
    public var depth: Int? { sizes.count > 2 ? sizes[sizes.count - 3] : nil }
    /// The rows.
    public var height: Int { sizes[sizes.count - 2] }
    /// The columns.
    public var width: Int { sizes[sizes.count - 1] }
  }

  /// A map `[B, C, h, w]` or `[B, C, d, h, w]` as the sequence of its places.
  public init(map: Tensor, details: [Tensor] = []) {
    values = map.flattened(2).transposed(1, 2)
    grid = Grid(Array(map.shape.dropFirst(2)))
    self.details = details
  }

  /// The places as a map, `[B, C, h, w]` or `[B, C, d, h, w]`; a sequence without a grid is a map of one column.
  public var map: Tensor { map(grid ?? Grid(height: length, width: 1)) }

  /// The places as a map of these sizes, whose product is the length.
  public func map(_ grid: Grid) -> Tensor {
    values.transposed(1, 2).reshaped(to: [values.size(0), values.size(2)] + grid.sizes)
  }

  /// The mean over the real steps, `[B, width]`.
  public var pooled: Tensor {
    guard let mask else { return values.mean(1) }
    let weights = mask.to(values.dtype).unsqueezed(2)
    return (values * weights).sum(1) / weights.sum(1).clamped(1, nil)
  }

  /// A sequence.
  public init(_ values: Tensor, mask: Tensor? = nil) { (self.values, self.mask) = (values, mask) }

  /// The number of steps, padding included.
  public var length: Int { values.size(1) }

  /// The first step of each sample, `[B, width]`.
  public var first: Tensor { values.select(1, 0) }

  /// The last real step of each sample, `[B, width]`.
  public var last: Tensor { Readout.last.steps(of: values, mask: mask).squeezed(1) }

  /// The sequences one after another in time.
  public static func joined(_ parts: [Tokens]) -> Tokens {
    Tokens(.concatenated(parts.map(\.values), 1), mask: joined(masks: parts))
  }

  private static func joined(masks parts: [Tokens]) -> Tensor? {
    guard parts.contains(where: { $0.mask != nil }) else { return nil }
    return .concatenated(
      parts.map { part in
        part.mask ?? .ones([part.values.size(0), part.length], dtype: .bool, device: part.values.device)
      }, 1)
  }
}
