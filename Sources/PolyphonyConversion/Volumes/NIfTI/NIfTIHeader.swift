import Foundation
import Polyphony

/// The header of a NIfTI file, version 1 or 2, in either order of bytes.
///
/// Formats: the C headers nifti1.h and nifti2.h of the NIfTI Data Format Working Group.
struct NIfTIHeader: Equatable {
  /// The number of bytes of a header of version 1, which is also its first number.
  static let firstLength = 348
  /// The number of bytes of a header of version 2, which is also its first number.
  static let secondLength = 540

  /// The number of voxels along each of the three axes.
  var shape: [Int]
  /// The type of the stored numbers.
  var type: ElementType
  /// The place of the first voxel in the file.
  var offset: Int
  /// The factor of stored numbers. It is 1 for a file without scaling.
  var slope: Double
  /// The summand of stored numbers.
  var intercept: Double
  /// The geometry.
  var geometry: Volume.Header

  /// The types of numbers by their codes, as NumPy names them. All others are no single numbers.
  private static let types: [Int: String] = [
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
  ]
  private static let otherTypes: [Int: String] = [
    1: "bits", 32: "complex numbers", 128: "colours", 1536: "128-bit floats", 1792: "complex numbers",
    2048: "complex numbers", 2304: "colours",
  ]

  /// Reads a header from the first bytes of a file, ``firstLength`` or ``secondLength`` of them.
  /// - Throws: `Fault(.badData)` for another format, for a series of volumes and for other contents than numbers.
  init(_ bytes: [UInt8], file: String) throws(Fault) {
    guard let fields = NIfTIFields(bytes) else { throw Self.noVolume(file, "no header of NIfTI") }
    let isFirst = fields.isFirstVersion
    let magic = isFirst ? bytes[344..<348] : bytes[4..<8]
    guard magic.starts(with: isFirst ? [0x6E, 0x2B, 0x31, 0] : [0x6E, 0x2B, 0x32, 0]) else {
      let isPair = magic.starts(with: [0x6E, 0x69])
      throw Self.noVolume(file, isPair ? "a header whose voxels are in another file" : "the header of Analyze 7.5")
    }
    let dimensions = (0..<8).map { fields.integer(isFirst ? 40 + 2 * $0 : 16 + 8 * $0, isFirst ? 2 : 8) }
    shape = try Self.shape(dimensions, file)
    let code = fields.integer(isFirst ? 70 : 12, 2)
    guard let name = Self.types[code], let type = ElementType((fields.isBigEndian ? ">" : "<") + name) else {
      throw Fault(
        .badData, "the voxels are no single numbers", file: file, key: "datatype",
        found: Self.otherTypes[code] ?? "\(code)", expected: "whole numbers or floats of 8 to 64 bits",
        remedy: "save one channel as float32")
    }
    self.type = type
    let start = isFirst ? fields.float(108, 4) : Double(fields.integer(168, 8))
    let least = isFirst ? 352 : 544
    guard start.isFinite, abs(start) < 1e12 else {
      throw Self.noVolume(file, "voxels from byte \(start)")
    }
    // SPM writes 0 for the usual place.
    offset = max(Int(start), least)
    let (slope, intercept) =
      isFirst ? (fields.float(112, 4), fields.float(116, 4)) : (fields.float(176, 8), fields.float(184, 8))
    self.slope = slope.isFinite && slope != 0 ? slope : 1
    self.intercept = slope.isFinite && slope != 0 && intercept.isFinite ? intercept : 0
    geometry = Self.geometry(fields)
    try checkGeometry(file)
  }

  /// Refuses a geometry that is no numbers where the header says that it counts. Elsewhere such numbers become 0.
  private mutating func checkGeometry(_ file: String) throws(Fault) {
    func isWrong(_ number: Double) -> Bool { !(number.isFinite && abs(number) < 1e9) }
    let used = [
      ("pixdim", geometry.pixelSizes), ("srow", geometry.sformCode > 0 ? geometry.sform : []),
      ("quatern", geometry.sformCode <= 0 && geometry.qformCode > 0 ? geometry.quaternion + geometry.origin : []),
    ]
    for (key, numbers) in used {
      guard let wrong = numbers.first(where: isWrong) else { continue }
      throw Fault(
        .badData, "the geometry of the volume is no possible number", file: file, key: key, found: "\(wrong)",
        expected: "millimetres", remedy: "save it with an affine: nibabel.Nifti1Image(array, affine)")
    }
    geometry.sform = geometry.sform.map { isWrong($0) ? 0 : $0 }
    geometry.quaternion = geometry.quaternion.map { isWrong($0) ? 0 : $0 }
    geometry.origin = geometry.origin.map { isWrong($0) ? 0 : $0 }
  }

  /// The extents of one volume. Further axes of one entry are none.
  private static func shape(_ dimensions: [Int], _ file: String) throws(Fault) -> [Int] {
    let count = dimensions[0]
    guard (1...7).contains(count), dimensions[1...count].allSatisfy({ (1...1 << 24).contains($0) }) else {
      throw noVolume(file, "the dimensions \(dimensions)")
    }
    let extents = Array(dimensions[1...count])
    guard extents.dropFirst(3).allSatisfy({ $0 == 1 }) else {
      throw Fault(
        .badData, "the file is a series of volumes", file: file, key: "dim", found: "\(extents)",
        expected: "three axes", remedy: "save one volume of it: nibabel.load(file).slicer[..., 0]")
    }
    guard extents.count >= 3 else {
      throw Fault(
        .badData, "the file is no volume of three axes", file: file, key: "dim", found: "\(extents)",
        expected: "three axes")
    }
    return Array(extents[..<3])
  }

  private static func geometry(_ fields: NIfTIFields) -> Volume.Header {
    let isFirst = fields.isFirstVersion
    func floats(_ first: Int, _ second: Int, _ count: Int) -> [Double] {
      (0..<count).map { isFirst ? fields.float(first + 4 * $0, 4) : fields.float(second + 8 * $0, 8) }
    }
    return Volume.Header(
      qformCode: fields.integer(isFirst ? 252 : 344, isFirst ? 2 : 4),
      sformCode: fields.integer(isFirst ? 254 : 348, isFirst ? 2 : 4),
      quaternion: floats(256, 352, 3), origin: floats(268, 376, 3), sform: floats(280, 400, 12),
      pixelSizes: floats(76, 104, 4), units: fields.integer(isFirst ? 123 : 500, isFirst ? 1 : 4))
  }

  /// The fault of a file of another format.
  static func noVolume(_ file: String, _ found: String) -> Fault {
    Fault(
      .badData, "the file is no NIfTI volume", file: file, found: found,
      expected: "NIfTI-1 or NIfTI-2, .nii or .nii.gz",
      remedy: "save it as .nii.gz: nibabel.save(nibabel.load(file), 'volume.nii.gz'), or dcm2niix for DICOM")
  }
}

/// The numbers of a header in the order of bytes that its length reveals.
struct NIfTIFields {
  let bytes: [UInt8]
  let isBigEndian: Bool
  let isFirstVersion: Bool

  /// Finds version and order. It is nil for bytes that begin with no length of a header.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= NIfTIHeader.firstLength else { return nil }
    let length = bytes[..<4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let lengths = [length, length.byteSwapped].map { Int($0) }
    guard let place = lengths.firstIndex(where: { [NIfTIHeader.firstLength, NIfTIHeader.secondLength].contains($0) }),
      bytes.count >= lengths[place]
    else { return nil }
    (self.bytes, isBigEndian) = (bytes, place == 1)
    isFirstVersion = lengths[place] == NIfTIHeader.firstLength
  }

  private func bits(_ offset: Int, _ width: Int) -> UInt64 {
    let part = bytes[offset..<offset + width]
    return (isBigEndian ? Array(part) : part.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A whole number with a sign.
  func integer(_ offset: Int, _ width: Int) -> Int {
    let shift = 64 - 8 * width
    return Int(Int64(bitPattern: bits(offset, width) << shift) >> shift)
  }

  /// A number of single or double precision.
  func float(_ offset: Int, _ width: Int) -> Double {
    width == 4
      ? Double(Float(bitPattern: UInt32(bits(offset, 4)))) : Double(bitPattern: bits(offset, 8))
  }
}
