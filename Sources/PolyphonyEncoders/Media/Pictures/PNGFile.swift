import Foundation
import Polyphony
import PolyphonyConversion

/// A reader of PNG files of every colour type and depth, interlaced or not.
///
/// Of 16 bits the upper 8 count, and an alpha channel is left out, as Pillow does it.
enum PNGFile {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The largest file that is read, in bytes.
  private static let mostBytes = 1 << 28

  /// The first column and row of a pass, and the steps from pixel to pixel.
  private typealias Pass = (x: Int, y: Int, dx: Int, dy: Int)

  private static let whole: [Pass] = [(0, 0, 1, 1)]
  /// The seven passes of Adam7.
  private static let interlaced: [Pass] = [
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
  ]

  /// Reads a picture.
  /// - Throws: `Fault(.badData)` for a broken file and for too many pixels, `Fault(.failure)` without zlib.
  static func read(_ path: String) throws(Fault) -> Picture {
    let start = [UInt8](try MediaFile.beginning(of: path, count: 33))
    guard start.count == 33, start[8..<16].elementsEqual([0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]),
      let form = PNGForm(start[16..<29])
    else { throw broken(path, "another header") }
    try Picture.check(width: form.width, height: form.height, path)
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: mostBytes) else {
      throw broken(path, "an unreadable file")
    }
    let (palette, content) = try chunks([UInt8](data), path)
    guard form.colour != .palette || palette.count >= 3 else { throw broken(path, "no palette") }
    return try pixels(InflateStream(content, file: path), form, PNGColours(form, palette: palette), path)
  }

  /// Returns the palette and the compressed pixels, and checks the sums of all chunks.
  private static func chunks(_ bytes: [UInt8], _ path: String) throws(Fault) -> (palette: [UInt8], content: [UInt8]) {
    let zlib = try Zlib(for: path)
    var (palette, content): ([UInt8], [UInt8]) = ([], [])
    var place = signature.count
    while place + 12 <= bytes.count {
      let size = number(bytes[place..<place + 4])
      let end = place + 8 + size
      guard end + 4 <= bytes.count else { break }
      let sum = bytes.withUnsafeBytes { zlib.crc32(UnsafeRawBufferPointer(rebasing: $0[place + 4..<end])) }
      guard Int(sum) == number(bytes[end..<end + 4]) else { throw broken(path, "a wrong checksum") }
      switch String(decoding: bytes[place + 4..<place + 8], as: UTF8.self) {
      case "PLTE": palette = Array(bytes[place + 8..<end])
      case "IDAT": content += bytes[place + 8..<end]
      case "IEND": return (palette, content)
      default: break
      }
      place = end + 4
    }
    throw broken(path, "its end too early")
  }

  private static func pixels(
    _ stream: InflateStream, _ form: PNGForm, _ colours: PNGColours, _ path: String
  ) throws(Fault) -> Picture {
    var picture = Picture(
      width: form.width, height: form.height, bytes: [UInt8](repeating: 0, count: form.width * form.height * 3))
    for pass in form.isInterlaced ? interlaced : whole {
      let columns = (form.width - pass.x + pass.dx - 1) / pass.dx
      let rows = (form.height - pass.y + pass.dy - 1) / pass.dy
      guard columns > 0, rows > 0 else { continue }
      // A row begins with the number of its filter. The row before the first one is zero.
      var before = [UInt8](repeating: 0, count: (columns * form.bits + 7) / 8 + 1)
      var row = before
      for y in 0..<rows {
        try withMutableBytes(of: &row) { (bytes) throws(Fault) in try stream.fill(bytes.bindMemory(to: UInt8.self)) }
        guard unfilter(&row, before, (form.bits + 7) / 8) else { throw broken(path, "an unknown filter") }
        let start = (pass.y + y * pass.dy) * form.width + pass.x
        colours.write(row, columns, into: &picture.bytes, at: start * 3, every: pass.dx * 3)
        swap(&row, &before)
      }
    }
    return picture
  }

  /// Takes the filter of a row away. Returns false for an unknown one.
  private static func unfilter(_ row: inout [UInt8], _ before: [UInt8], _ size: Int) -> Bool {
    switch row[0] {
    case 0: break
    case 1: for index in 1..<row.count where index > size { row[index] &+= row[index - size] }
    case 2: for index in 1..<row.count { row[index] &+= before[index] }
    case 3:
      for index in 1..<row.count {
        row[index] &+= UInt8((Int(index > size ? row[index - size] : 0) + Int(before[index])) / 2)
      }
    case 4:
      for index in 1..<row.count {
        let (left, corner) = index > size ? (Int(row[index - size]), Int(before[index - size])) : (0, 0)
        let above = Int(before[index])
        let (a, b, c) = (abs(above - corner), abs(left - corner), abs(left + above - 2 * corner))
        row[index] &+= UInt8(a <= b && a <= c ? left : b <= c ? above : corner)
      }
    default: return false
    }
    return true
  }

  static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  private static func broken(_ path: String, _ found: String) -> Fault {
    Fault(
      .badData, "the PNG file is broken", file: path, found: found, expected: "a whole PNG file",
      remedy: "copy or download the file again")
  }
}
