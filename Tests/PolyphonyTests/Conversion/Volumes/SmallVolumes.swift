import Foundation
import Polyphony

@testable import PolyphonyConversion

/// Small volumes of whole numbers: a brain in a background of 0, with a lesion in it.
struct SmallVolumes {
  /// The numbers of voxels along the axes of the file.
  var shape = [10, 12, 6]
  /// The signs of the axes: −1 for one that runs to the left, to posterior or to inferior.
  var signs = [-1.0, 1, 1]
  /// The size of a voxel along each axis.
  var sizes = [1.0, 1, 2]
  /// A number that makes patients differ.
  var seed = 0

  /// The geometry as a header has it.
  var volume: Volume {
    var sform = [Double](repeating: 0, count: 12)
    for axis in 0..<3 {
      sform[5 * axis] = signs[axis] * sizes[axis]
      // The corner of smallest coordinates is the origin, whatever the signs.
      sform[4 * axis + 3] = signs[axis] < 0 ? sizes[axis] * Double(shape[axis] - 1) : 0
    }
    let header = Volume.Header(
      qformCode: 0, sformCode: 2, quaternion: [0, 0, 0], origin: [0, 0, 0], sform: sform, pixelSizes: [1] + sizes,
      units: 2)
    let geometry = NIfTIGeometry(header, shape: shape)
    return Volume(
      name: "small", file: "small.nii.gz", shape: shape, affine: geometry.affine, spacing: geometry.spacing,
      orientation: geometry.orientation, axes: geometry.axes, reversed: geometry.reversed, offset: [0, 0],
      header: header)
  }

  /// The number of a voxel at a place that does not depend on the signs.
  private func values(_ value: ([Int]) -> Int) -> [Int32] {
    var result: [Int32] = []
    for k in 0..<shape[2] {
      for j in 0..<shape[1] {
        for i in 0..<shape[0] {
          let place = zip([i, j, k], zip(signs, shape)).map { $1.0 < 0 ? $1.1 - 1 - $0 : $0 }
          result.append(Int32(value(place)))
        }
      }
    }
    return result
  }

  /// True inside a box of two voxels' distance to the sides and of one to the bottom.
  private func isBrain(_ place: [Int]) -> Bool {
    (2..<shape[0] - 2).contains(place[0]) && (2..<shape[1] - 2).contains(place[1]) && place[2] >= 1
  }

  /// An image in which the lesion is bright.
  func image(_ contrast: Int) -> [Int32] {
    values { place in
      guard isBrain(place) else { return 0 }
      return 50 + 10 * contrast + (7 * place[0] + 3 * place[1] + 5 * place[2] + seed) % 11 + (isLesion(place) ? 40 : 0)
    }
  }

  private func isLesion(_ place: [Int]) -> Bool {
    (3..<6).contains(place[0]) && (4..<7).contains(place[1]) && place[2] >= 2
  }

  /// A mask whose labels go from the lesion's left to its right.
  func mask(_ labels: [Int] = [1]) -> [Int32] {
    values { place in isLesion(place) ? labels[(place[0] - 3) % labels.count] : 0 }
  }

  /// Writes one file.
  func write(_ values: [Int32], to path: String) throws {
    try FileManager.default.createDirectory(
      atPath: path.parentFolder, withIntermediateDirectories: true)
    try NIfTIWriter.write(values, of: volume, to: path)
  }

  /// Writes images and mask of one patient as `FOLDER/NAME_CONTRAST.nii.gz`.
  func writePatient(
    _ name: String, in folder: String, contrasts: [String] = ["flair", "t1"], mask: String? = "seg",
    labels: [Int] = [1],
    separator: String = "_"
  ) throws {
    for (place, contrast) in contrasts.enumerated() {
      try write(image(place), to: "\(folder)/\(name)\(separator)\(contrast).nii.gz")
    }
    if let mask { try write(self.mask(labels), to: "\(folder)/\(name)\(separator)\(mask).nii.gz") }
  }
}
