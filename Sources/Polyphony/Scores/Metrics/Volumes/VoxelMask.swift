/// A region of a volume: true inside.
public struct VoxelMask: Equatable, Sendable {
  /// The numbers of slices, rows and columns.
  public let shape: [Int]
  /// The voxels, slice by slice and row by row.
  public let voxels: [Bool]

  /// Makes a mask.
  public init(_ voxels: [Bool], shape: [Int]) {
    precondition(shape.count == 3 && voxels.count == shape.reduce(1, *), "\(voxels.count) voxels for \(shape)")
    (self.voxels, self.shape) = (voxels, shape)
  }

  /// The number of voxels inside.
  public var count: Int { voxels.count { $0 } }

  /// The voxels inside that have one of their six neighbours outside, or lie at the border of the volume.
  ///
  /// They are the mask without its erosion by a cross, as SciPy's `binary_erosion` has it.
  var surface: VoxelMask {
    let (depth, height, width) = (shape[0], shape[1], shape[2])
    var edge = Array(repeating: false, count: voxels.count)
    voxels.withUnsafeBufferPointer { voxels in
      for z in 0..<depth {
        for y in 0..<height {
          for x in 0..<width {
            let place = (z * height + y) * width + x
            guard voxels[place] else { continue }
            let isBorder = z == 0 || y == 0 || x == 0 || z == depth - 1 || y == height - 1 || x == width - 1
            edge[place] =
              isBorder || !voxels[place - 1] || !voxels[place + 1] || !voxels[place - width]
              || !voxels[place + width] || !voxels[place - height * width] || !voxels[place + height * width]
          }
        }
      }
    }
    return VoxelMask(edge, shape: shape)
  }
}
