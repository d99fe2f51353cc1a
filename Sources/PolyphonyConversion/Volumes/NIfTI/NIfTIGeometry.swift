import Foundation
import Polyphony

/// The place of voxels in space, and the order of their axes.
///
/// Space has millimetres to the patient's right, to anterior and to superior (RAS+).
struct NIfTIGeometry {
  /// The matrix from indices of voxels to millimetres, `[4][4]`.
  let affine: [[Double]]
  /// The size of a voxel along each axis of the file.
  let spacing: [Double]
  /// For each axis of the file the nearest direction in space, 0 to 2, and true if its index grows that way.
  let directions: [(axis: Int, isPositive: Bool)]

  /// Finds the geometry of a header: that of its affine, else that of its quaternion, else that of the sizes alone.
  ///
  /// Without both, the first axis runs from right to left and the centre is the origin, as nibabel has it.
  init(_ header: Volume.Header, shape: [Int]) {
    let sizes = header.pixelSizes.dropFirst().map { $0 == 0 ? 1 : abs($0) }
    var rows: [[Double]]
    if header.sformCode > 0 {
      rows = (0..<3).map { Array(header.sform[4 * $0..<4 * $0 + 4]) }
    } else if header.qformCode > 0 {
      let rotation = Self.rotation(header.quaternion)
      let factors = [sizes[0], sizes[1], sizes[2] * (header.pixelSizes[0] < 0 ? -1 : 1)]
      rows = (0..<3).map { row in (0..<3).map { rotation[row][$0] * factors[$0] } + [header.origin[row]] }
    } else {
      let steps = [-sizes[0], sizes[1], sizes[2]]
      rows = (0..<3).map { row in
        (0..<3).map { $0 == row ? steps[row] : 0 } + [-steps[row] * Double(shape[row] - 1) / 2]
      }
    }
    // An affine that says nothing about an axis leaves it the size of the header.
    for axis in 0..<3 where rows.allSatisfy({ $0[axis] == 0 || !$0[axis].isFinite }) {
      for row in 0..<3 { rows[row][axis] = row == axis ? sizes[axis] : 0 }
    }
    // −0 is 0.
    affine = rows.map { $0.map { $0 + 0 } } + [[0, 0, 0, 1]]
    let lengths = (0..<3).map { axis in rows.reduce(0) { $0 + $1[axis] * $1[axis] }.squareRoot() }
    spacing = lengths
    // The greatest cosine first, and no direction twice.
    var found: [Int: (axis: Int, isPositive: Bool)] = [:]
    let cosines: [Double] = (0..<9).map { pair in abs(rows[pair / 3][pair % 3]) / lengths[pair % 3] }
    let pairs = cosines.indices.sorted { cosines[$0] > cosines[$1] }
    for pair in pairs where found[pair % 3] == nil && !found.values.contains(where: { $0.axis == pair / 3 }) {
      found[pair % 3] = (pair / 3, rows[pair / 3][pair % 3] > 0)
    }
    directions = (0..<3).map { found[$0] ?? ($0, true) }
  }

  /// The directions in which indices grow, such as `LAS`.
  var orientation: String {
    directions.map { ["L", "R", "P", "A", "I", "S"][2 * $0.axis + ($0.isPositive ? 1 : 0)] }.joined()
  }

  /// The axes of the file along which slices (superior), rows (posterior) and columns (left) lie.
  var axes: [Int] { [2, 1, 0].map { wanted in directions.firstIndex { $0.axis == wanted } ?? wanted } }

  /// True for rows or columns that run against the axis of the file.
  var reversed: [Bool] { axes.dropFirst().map { directions[$0].isPositive } }

  /// True for an axis of slices that runs from superior to inferior.
  var runsDownwards: Bool { !directions[axes[0]].isPositive }

  /// The greatest distance in millimetres between the places that two geometries give to a corner of a volume.
  func distance(to other: NIfTIGeometry, shape: [Int]) -> Double {
    var greatest = 0.0
    for corner in 0..<8 {
      var squares = 0.0
      for row in 0..<3 {
        var offset = affine[row][3] - other.affine[row][3]
        for axis in 0..<3 where corner >> axis & 1 == 1 {
          offset += (affine[row][axis] - other.affine[row][axis]) * Double(shape[axis] - 1)
        }
        squares += offset * offset
      }
      greatest = max(greatest, squares.squareRoot())
    }
    return greatest
  }

  /// The rotation of a unit quaternion, whose first number is not stored.
  private static func rotation(_ quaternion: [Double]) -> [[Double]] {
    var (b, c, d) = (quaternion[0], quaternion[1], quaternion[2])
    let rest = 1 - (b * b + c * c + d * d)
    var a = max(rest, 0).squareRoot()
    // Three numbers of single precision may be longer than 1 by rounding.
    if rest < 1e-7 {
      let length = (b * b + c * c + d * d).squareRoot()
      a = 0
      if length > 0 { (b, c, d) = (b / length, c / length, d / length) }
    }
    return [
      [a * a + b * b - c * c - d * d, 2 * b * c - 2 * a * d, 2 * b * d + 2 * a * c],
      [2 * b * c + 2 * a * d, a * a + c * c - b * b - d * d, 2 * c * d - 2 * a * b],
      [2 * b * d - 2 * a * c, 2 * c * d + 2 * a * b, a * a + d * d - b * b - c * c],
    ]
  }
}
