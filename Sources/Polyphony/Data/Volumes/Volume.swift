/// A three-dimensional image whose slices are samples: the geometry of its file, and the place of the slices in it.
///
/// Slices are axial. A picture's rows go from anterior to posterior and its columns from the patient's right to the
/// patient's left, as radiologists look at them, whatever the order of the file. So the voxel of a pixel (r, c) of a sample
/// with ``VolumeSlices/slice`` s has the index s along `axes[0]` of the file. Along `axes[1]` it has r + `offset[0]`, and
/// along `axes[2]` c + `offset[1]`, each counted from the other end where `reversed` says so.
public struct Volume: Codable, Equatable, Sendable {
  /// The geometry as a NIfTI header has it, so that a mask gets the same bits.
  public struct Header: Codable, Equatable, Sendable {
    /// The code of the quaternion's space; 0 for none.
    public var qformCode: Int
    /// The code of the affine's space; 0 for none.
    public var sformCode: Int
    /// The numbers b, c and d of the quaternion.
    public var quaternion: [Double]
    /// The offset that belongs to the quaternion.
    public var origin: [Double]
    /// The three rows of the affine, `[12]`.
    public var sform: [Double]
    /// The sign of the third axis (`pixdim[0]`), and the size of a voxel along each axis, `[4]`.
    public var pixelSizes: [Double]
    /// The units of space and time.
    public var units: Int

    enum CodingKeys: String, CodingKey {
      case quaternion, origin, sform, units
      case qformCode = "qform_code"
      case sformCode = "sform_code"
      case pixelSizes = "pixdim"
    }

    /// Makes a header's geometry.
    public init(
      qformCode: Int, sformCode: Int, quaternion: [Double], origin: [Double], sform: [Double], pixelSizes: [Double],
      units: Int
    ) {
      (self.qformCode, self.sformCode, self.quaternion) = (qformCode, sformCode, quaternion)
      (self.origin, self.sform, self.pixelSizes, self.units) = (origin, sform, pixelSizes, units)
    }
  }

  /// The name of the volume, such as that of the patient.
  public var name: String
  /// The name of the file that the geometry comes from.
  public var file: String
  /// The number of voxels along each axis of the file.
  public var shape: [Int]
  /// The matrix from indices of voxels to millimetres, `[4][4]`.
  public var affine: [[Double]]
  /// The size of a voxel along each axis of the file, in millimetres.
  public var spacing: [Double]
  /// The directions in which the indices of the file grow, such as `RAS`.
  public var orientation: String
  /// The axes of the file along which slices, rows and columns lie.
  public var axes: [Int]
  /// True for rows or columns that run against the axis of the file.
  public var reversed: [Bool]
  /// The place of a picture's first row and first column. It is negative where a picture begins outside the volume.
  public var offset: [Int]
  /// The geometry as the header of the file has it.
  public var header: Header

  /// Describes a volume.
  public init(
    name: String, file: String, shape: [Int], affine: [[Double]], spacing: [Double], orientation: String, axes: [Int],
    reversed: [Bool], offset: [Int], header: Header
  ) {
    (self.name, self.file, self.shape, self.affine) = (name, file, shape, affine)
    (self.spacing, self.orientation, self.axes) = (spacing, orientation, axes)
    (self.reversed, self.offset, self.header) = (reversed, offset, header)
  }

  /// The distances of neighbouring slices, rows and columns in millimetres.
  public var pictureSpacing: [Double] { axes.map { spacing[$0] } }

  /// The distance along `axes[0]` from a slice to the next one above it: −1 if the indices of the file run downwards.
  package var step: Int {
    let letters = Array(orientation)
    return letters.indices.contains(axes[0]) && letters[axes[0]] == "I" ? -1 : 1
  }

  /// The index in the file of each row or column of a picture. It is nil outside the volume.
  /// - Parameters:
  ///   - direction: 0 for rows, 1 for columns.
  ///   - count: the number of rows or columns.
  package func indices(_ direction: Int, count: Int) -> [Int?] {
    let extent = shape[axes[direction + 1]]
    return (0..<count).map { place in
      let index = place + offset[direction]
      guard (0..<extent).contains(index) else { return nil }
      return reversed[direction] ? extent - 1 - index : index
    }
  }

  /// Finds what makes no sense: the key, what stands there, and what is expected.
  var contradiction: (key: String, found: String, expected: String)? {
    if shape.count != 3 || !shape.allSatisfy((1...Modality.largestSize).contains) {
      return ("shape", "\(shape)", "three sizes above 0")
    }
    if axes.sorted() != [0, 1, 2] { return ("axes", "\(axes)", "0, 1 and 2 in some order") }
    if reversed.count != 2 { return ("reversed", "\(reversed)", "an entry for rows and one for columns") }
    if offset.count != 2 || !offset.allSatisfy({ abs($0) <= Modality.largestSize }) {
      return ("offset", "\(offset)", "a number for rows and one for columns")
    }
    if spacing.count != 3 || !spacing.allSatisfy({ $0.isFinite && $0 > 0 }) {
      return ("spacing", "\(spacing)", "three numbers above 0")
    }
    let lengths = [header.quaternion.count, header.origin.count, header.sform.count, header.pixelSizes.count]
    return lengths == [3, 3, 12, 4]
      ? nil : ("header", "\(lengths) numbers", "3 of quaternion, 3 of origin, 12 of sform and 4 of pixdim")
  }
}
