import Foundation
import Polyphony

/// A reader of binary PGM and PPM files, which ffmpeg writes too.
enum PixmapFile {
  /// The most bytes of a header with comments.
  private static let longestHeader = 4096

  /// True for the first bytes of a file that is read here.
  static func isOne(_ beginning: Data) -> Bool {
    beginning.starts(with: "P6".utf8) || beginning.starts(with: "P5".utf8)
  }

  /// Reads a picture.
  /// - Throws: `Fault(.badData)` for a broken file and for too many pixels.
  static func read(_ path: String) throws(Fault) -> Picture {
    let beginning = [UInt8](try MediaFile.beginning(of: path, count: longestHeader))
    guard let header = PixmapHeader(beginning[...]) else { throw broken(path, "another header") }
    try Picture.check(width: header.width, height: header.height, path)
    guard let file = FileHandle(forReadingAtPath: path),
      let bytes = try? file.read(upToCount: header.size + header.byteCount),
      bytes.count == header.size + header.byteCount
    else { throw broken(path, "its end too early") }
    return header.picture([UInt8](bytes)[header.size...])
  }

  private static func broken(_ path: String, _ found: String) -> Fault {
    Fault(
      .badData, "the picture is broken", file: path, found: found, expected: "a whole PGM or PPM file",
      remedy: "copy or download the file again")
  }
}

/// The header of a binary PGM or PPM picture: width, height and the largest value.
struct PixmapHeader {
  let width: Int
  let height: Int
  /// The number of bytes before the pixels.
  let size: Int
  private let largest: Int
  private let channels: Int
  private var sampleSize: Int { largest > 255 ? 2 : 1 }
  /// The number of bytes of all pixels.
  var byteCount: Int { width * height * channels * sampleSize }

  /// Reads the header at the beginning of bytes. It is nil if there is none, or not all of it.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count > 2, bytes[bytes.startIndex] == 0x50, [0x35, 0x36].contains(bytes[bytes.startIndex + 1]) else {
      return nil
    }
    var place = bytes.startIndex + 2
    var numbers: [Int] = []
    while numbers.count < 3 {
      while place < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
      if place < bytes.endIndex, bytes[place] == 0x23 {
        while place < bytes.endIndex, bytes[place] != 0x0A { place += 1 }
        continue
      }
      let digits = bytes[place...].prefix(9).prefix { (0x30...0x39).contains($0) }
      // The last number needs a byte of white space behind it.
      guard !digits.isEmpty, digits.endIndex < bytes.endIndex, let number = Int(String(decoding: digits, as: UTF8.self))
      else { return nil }
      numbers.append(number)
      place = digits.endIndex
    }
    guard (1...65_535).contains(numbers[2]) else { return nil }
    channels = bytes[bytes.startIndex + 1] == 0x36 ? 3 : 1
    (width, height, largest) = (numbers[0], numbers[1], numbers[2])
    size = place + 1 - bytes.startIndex
  }

  /// Returns the picture of the bytes behind the header. Values are scaled to 255.
  func picture(_ bytes: ArraySlice<UInt8>) -> Picture {
    let start = bytes.startIndex
    let samples: [UInt8]
    if largest == 255 {
      samples = Array(bytes.prefix(byteCount))
    } else {
      samples = (0..<width * height * channels).map { index in
        let place = start + index * sampleSize
        let value = sampleSize == 2 ? Int(bytes[place]) << 8 | Int(bytes[place + 1]) : Int(bytes[place])
        return UInt8((min(value, largest) * 255 + largest / 2) / largest)
      }
    }
    return Picture(
      width: width, height: height, bytes: channels == 3 ? samples : samples.flatMap { [$0, $0, $0] })
  }
}
