import Foundation
import Polyphony

/// A picture of 8-bit colours. A transparent place has the colour that is under its transparency.
struct Picture: Equatable, Sendable {
  /// The most pixels that are read: 67 million, which take 201 MB.
  static let mostPixels = 1 << 26

  let width: Int
  let height: Int
  /// Red, green and blue of each pixel, row by row.
  var bytes: [UInt8]

  /// Reads the picture of a file: PNG and PPM here, anything else by ffmpeg.
  /// - Throws: `Fault` for a file that cannot be read, and for a picture of too many pixels.
  static func read(_ path: String) throws(Fault) -> Picture {
    let beginning = try MediaFile.beginning(of: path, count: PNGFile.signature.count)
    if beginning.starts(with: PNGFile.signature) { return try PNGFile.read(path) }
    if PixmapFile.isOne(beginning) { return try PixmapFile.read(path) }
    return try MediaProgram.picture(of: path)
  }

  /// Refuses sizes that no picture has or that would take too much memory.
  static func check(width: Int, height: Int, _ path: String) throws(Fault) {
    let (count, isTooLarge) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !isTooLarge, count <= mostPixels else {
      throw Fault(
        .badData, "the picture has too many pixels, or none", file: path, found: "\(width)×\(height)",
        expected: "at most \(mostPixels / 1_000_000) million pixels", remedy: "make the picture smaller")
    }
  }
}

/// The beginnings of media files, by which a reader is chosen.
enum MediaFile {
  /// Returns the first bytes of a file.
  /// - Throws: `Fault(.missingInput)` without a readable file, `Fault(.badData)` for an empty one.
  static func beginning(of path: String, count: Int) throws(Fault) -> Data {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
      let handle = FileHandle(forReadingAtPath: path)
    else { throw Fault(.missingInput, "the file is not there or cannot be read", file: path) }
    defer { try? handle.close() }
    guard let beginning = try? handle.read(upToCount: count), !beginning.isEmpty else {
      throw Fault(.badData, "the file is empty", file: path)
    }
    return beginning
  }
}
