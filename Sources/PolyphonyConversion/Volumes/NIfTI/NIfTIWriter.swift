import Foundation
import Polyphony

/// Writes masks as NIfTI-1 files with the geometry of the image that they belong to.
enum NIfTIWriter {
  /// The greatest extent that a header of version 1 can say.
  static let largestExtent = 32_767

  /// Writes whole numbers, the first axis fastest. A path that ends in `.gz` is compressed.
  ///
  /// The header keeps affine, quaternion, their codes, the sizes of voxels and the units. Numbers up to 255 are stored as
  /// bytes, and others in 32 bits.
  /// - Throws: `Fault(.cannotWrite)`; `Fault(.badData)` for a volume that is too large for the format.
  static func write(_ values: [Int32], of volume: Volume, to path: String) throws(Fault) {
    guard volume.shape.allSatisfy({ $0 <= largestExtent }) else {
      throw Fault(
        .badData, "the volume is too large for a file of NIfTI-1", file: path, key: volume.name,
        found: "\(volume.shape)", expected: "at most \(largestExtent) along an axis")
    }
    let isSmall = values.allSatisfy { (0...255).contains($0) }
    var bytes = header(of: volume, isSmall: isSmall)
    if isSmall {
      bytes += values.map { UInt8($0) }
    } else {
      for value in values { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
    }
    try AtomicFile.write(path.lowercased().hasSuffix(".gz") ? try Zlib.gzip(bytes, file: path) : bytes, to: path)
  }

  /// The 348 bytes of a header, and 4 that say that no extension follows.
  private static func header(of volume: Volume, isSmall: Bool) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 352)
    func put<Value>(_ value: Value, at offset: Int) {
      withUnsafeBytes(of: value) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }
    func put(_ numbers: [Double], at offset: Int) {
      for (index, number) in numbers.enumerated() {
        put(Float(number).bitPattern.littleEndian, at: offset + 4 * index)
      }
    }
    put(Int32(348).littleEndian, at: 0)
    for (index, extent) in ([3] + volume.shape + [1, 1, 1, 1]).enumerated() {
      put(Int16(extent).littleEndian, at: 40 + 2 * index)
    }
    put(Int16(isSmall ? 2 : 8).littleEndian, at: 70)
    put(Int16(isSmall ? 8 : 32).littleEndian, at: 72)
    put(volume.header.pixelSizes + [0, 0, 0, 0], at: 76)
    put([352, 1, 0], at: 108)
    bytes[123] = UInt8(truncatingIfNeeded: volume.header.units)
    put(Int16(truncatingIfNeeded: volume.header.qformCode).littleEndian, at: 252)
    put(Int16(truncatingIfNeeded: volume.header.sformCode).littleEndian, at: 254)
    put(volume.header.quaternion + volume.header.origin + volume.header.sform, at: 256)
    put([0x6E, 0x2B, 0x31, 0] as SIMD4<UInt8>, at: 344)
    return bytes
  }
}
