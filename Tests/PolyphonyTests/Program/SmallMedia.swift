import Foundation
import Testing

/// Small encoders of pictures and sound, and files for them to read.
enum SmallMedia {
  private static let fixtures = DocumentationTests.root + "/Tests/PolyphonyEncodersTests/Fixtures"

  static let hasFFmpeg = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/ffmpeg")
  }

  /// Copies an encoder of the encoders' tests. The folder has its name, or another one.
  static func encoder(_ name: String, in folder: String, as copy: String? = nil) throws {
    let place = "\(folder)/\(copy ?? name)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    for file in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(atPath: "\(fixtures)/\(name)/\(file)", toPath: "\(place)/\(file)")
    }
  }

  /// The bytes of a picture of the encoders' tests.
  static func picture(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/pictures/\(name)"))
  }

  /// A picture of one colour, in PPM.
  static func pixmap(red: UInt8) -> Data {
    Data(Array("P6 12 10 255\n".utf8) + (0..<120).flatMap { [red, UInt8($0), 40] })
  }

  /// A tone at 8000 samples a second, as WAVE.
  static func wave(_ hertz: Double, samples: Int = 800, loudness: Double = 9000) -> Data {
    let number = { (value: Int, count: Int) in (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let data = (0..<samples).flatMap { number(Int(loudness * sin(2 * .pi * hertz * Double($0) / 8000)), 2) }
    let form = number(1, 2) + number(1, 2) + number(8000, 4) + number(16_000, 4) + number(2, 2) + number(16, 2)
    let chunks = Array("WAVEfmt ".utf8) + number(16, 4) + form + Array("data".utf8) + number(data.count, 4) + data
    return Data(Array("RIFF".utf8) + number(chunks.count, 4) + chunks)
  }

  /// The header of a PNG file that claims a size, and nothing behind it.
  static func claim(width: UInt32, height: UInt32) throws -> Data {
    var data = try picture("rgb.png").prefix(33)
    for (index, side) in [width, height].enumerated() {
      for byte in 0..<4 { data[16 + index * 4 + byte] = UInt8(truncatingIfNeeded: side >> (24 - 8 * byte)) }
    }
    return data
  }

  /// Writes pictures and sounds of two classes, and a manifest. Rows of `broken` name files that the caller writes.
  static func manifest(_ rows: Int, broken: [(faces: String, sound: String)] = [], in folder: String) throws {
    var lines = ["faces,sound,size,label"]
    for row in 0..<rows {
      let isHigh = row % 2 == 1
      try pixmap(red: isHigh ? 250 - UInt8(row) : UInt8(row)).write(to: URL(fileURLWithPath: "\(folder)/\(row).ppm"))
      try wave(isHigh ? 1800 : 300).write(to: URL(fileURLWithPath: "\(folder)/\(row).wav"))
      lines.append("\(row).ppm,\(row).wav,\(row % 5),\(isHigh ? "high" : "low")")
    }
    for (index, row) in broken.enumerated() {
      lines.append("\(row.faces),\(row.sound),1,\(index % 2 == 0 ? "low" : "high")")
    }
    try lines.joined(separator: "\n").appending("\n").write(
      toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
  }

  /// Makes a clip of a second with a picture that moves, and a tone or no sound.
  static func clip(_ name: String, hertz: Int?, in folder: String) throws {
    let sound = hertz.map { ["-f", "lavfi", "-i", "sine=frequency=\($0):duration=1"] } ?? []
    let outcome = try Program.run(
      ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=32x32:rate=25:duration=1"] + sound + [
        name
      ],
      in: folder, executable: "/usr/bin/env")
    #expect(outcome.code == 0, "\(outcome.errors)")
  }
}
