import Polyphony

/// A mask in the geometry of the image that it was predicted from. Voxels outside all pictures are 0.
package struct PredictedMask {
  private let volume: Volume
  private let grid: SliceGrid
  private let labels: [Int]?
  private var values: [Int32]

  /// Makes an empty mask.
  /// - Parameters:
  ///   - volume: the volume with the place of the pictures.
  ///   - size: height and width of a picture.
  ///   - labels: the number of each class in the file. Nil writes the classes themselves.
  package init(_ volume: Volume, size: [Int], labels: [Int]?) {
    (self.volume, self.labels) = (volume, labels)
    grid = SliceGrid(volume, size: size)
    values = Array(repeating: 0, count: volume.shape.reduce(1, *))
  }

  /// Puts the classes of a slice's pixels, row by row, into the mask.
  package mutating func put(_ classes: [Int], slice: Int) {
    let numbers = classes.map { place in
      Int32(truncatingIfNeeded: labels.map { $0.indices.contains(place) ? $0[place] : place } ?? place)
    }
    grid.put(numbers, slice, into: &values)
  }

  /// Writes the mask as a NIfTI file.
  /// - Throws: `Fault(.cannotWrite)`.
  package func write(to path: String) throws(Fault) { try NIfTIWriter.write(values, of: volume, to: path) }

  /// True if a path ends like that of a volume.
  package static func isFile(_ path: String) -> Bool { NIfTIFile.isOne(path) }
}
