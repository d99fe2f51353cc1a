/// The lesions of a mask: its voxels numbered by connected component.
///
/// Two voxels are connected if they share a face, an edge or a corner (26 neighbours).
struct ConnectedComponents {
  /// The number of each voxel's component, from 1. It is 0 outside the mask.
  private(set) var labels: [Int32]
  /// The number of components.
  private(set) var count = 0

  /// Numbers the components by two passes with a union of provisional numbers (Rosenfeld & Pfaltz, J. ACM 1966).
  init(_ mask: VoxelMask) {
    let (depth, height, width) = (mask.shape[0], mask.shape[1], mask.shape[2])
    labels = Array(repeating: 0, count: mask.voxels.count)
    var parents: [Int32] = [0]
    func root(_ label: Int32) -> Int32 {
      var label = label
      while parents[Int(label)] != label {
        parents[Int(label)] = parents[Int(parents[Int(label)])]
        label = parents[Int(label)]
      }
      return label
    }
    // The 13 neighbours before a voxel.
    let before = (0..<13).map { (z: $0 / 9 - 1, y: $0 / 3 % 3 - 1, x: $0 % 3 - 1) }
    for z in 0..<depth {
      for y in 0..<height {
        for x in 0..<width where mask.voxels[(z * height + y) * width + x] {
          var own: Int32 = 0
          for step in before {
            let (other, row, column) = (z + step.z, y + step.y, x + step.x)
            guard other >= 0, (0..<height).contains(row), (0..<width).contains(column) else { continue }
            let label = labels[(other * height + row) * width + column]
            guard label > 0 else { continue }
            let found = root(label)
            if own == 0 || found == own {
              own = found
            } else {
              parents[Int(max(own, found))] = min(own, found)
              own = min(own, found)
            }
          }
          if own == 0 {
            own = Int32(parents.count)
            parents.append(own)
          }
          labels[(z * height + y) * width + x] = own
        }
      }
    }
    var numbers: [Int32] = Array(repeating: 0, count: parents.count)
    for place in labels.indices where labels[place] > 0 {
      let found = Int(root(labels[place]))
      if numbers[found] == 0 {
        count += 1
        numbers[found] = Int32(count)
      }
      labels[place] = numbers[found]
    }
  }

  /// The number of components that have a voxel inside another mask of the same shape.
  func touching(_ mask: VoxelMask) -> Int {
    var isTouched = Array(repeating: false, count: count + 1)
    for (label, isInside) in zip(labels, mask.voxels) where isInside { isTouched[Int(label)] = true }
    return isTouched.dropFirst().count { $0 }
  }
}
