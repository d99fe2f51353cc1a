import Torch

/// The classes of one volume above 0, slice by slice.
///
/// Only the slices that samples show are in memory. Those between them count as background.
struct VolumeBox {
  /// A box of slices, rows and columns.
  struct Box: Equatable {
    var lower: [Int]
    var upper: [Int]

    /// The smallest box around two.
    func union(_ other: Box) -> Box {
      Box(lower: zip(lower, other.lower).map(min), upper: zip(upper, other.upper).map(max))
    }

    /// The numbers of slices, rows and columns.
    var shape: [Int] { zip(lower, upper).map { $1 - $0 + 1 } }
  }

  /// The classes of each slice above 0, with their place in the slice.
  private var slices: [(place: Int, pixels: [(place: Int, label: Int)])] = []
  private let width: Int

  /// Reads the maps of a volume's samples: slices `[N, H, W]`, or whole volumes `[N, D, H, W]`.
  init(_ maps: Tensor, _ group: VolumeSlices.Group) {
    width = maps.size(maps.rank - 1)
    for (row, slice) in zip(group.rows, group.slices) {
      guard maps.rank == 4 else {
        add(maps[row], at: slice)
        continue
      }
      for depth in 0..<maps.size(1) { add(maps[row][depth], at: slice + group.step * depth) }
    }
  }

  private mutating func add(_ map: Tensor, at place: Int) {
    let labels = map.integers
    slices.append((place, labels.indices.lazy.filter { labels[$0] != 0 }.map { ($0, labels[$0]) }))
  }

  /// The smallest box around some classes; nil if there are none of them.
  func box(of classes: Set<Int>) -> Box? {
    var box: Box?
    for slice in slices {
      var (top, bottom, left, right) = (Int.max, -1, Int.max, -1)
      for pixel in slice.pixels where classes.contains(pixel.label) {
        let (row, column) = (pixel.place / width, pixel.place % width)
        (top, bottom, left, right) = (min(top, row), max(bottom, row), min(left, column), max(right, column))
      }
      guard bottom >= 0 else { continue }
      let own = Box(lower: [slice.place, top, left], upper: [slice.place, bottom, right])
      box = box?.union(own) ?? own
    }
    return box
  }

  /// The voxels of some classes inside a box.
  func mask(of classes: Set<Int>, in box: Box) -> VoxelMask {
    let shape = box.shape
    var voxels = Array(repeating: false, count: shape.reduce(1, *))
    for slice in slices where (box.lower[0]...box.upper[0]).contains(slice.place) {
      for pixel in slice.pixels where classes.contains(pixel.label) {
        let (row, column) = (pixel.place / width - box.lower[1], pixel.place % width - box.lower[2])
        voxels[((slice.place - box.lower[0]) * shape[1] + row) * shape[2] + column] = true
      }
    }
    return VoxelMask(voxels, shape: shape)
  }
}
