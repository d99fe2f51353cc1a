import Foundation
import PolyphonyPresentation
import Testing

/// The picture of an image with its masks.
@Suite struct MaskDrawingTests {
  private static let drawing = MaskDrawing(
    "slice «12» & more", width: 3, pixels: [0, 90, 255, 1, 91, 254], truth: [0, 1, 1, 0, 1, 1],
    prediction: [0, 0, 2, 0, 0, 0])

  @Test func outlinesRunBetweenPixelsOfDifferentClasses() {
    let paths = Self.drawing.svg.split(separator: "\n").filter { $0.hasPrefix("<path") }
    #expect(paths.count == 2)
    #expect(paths[0].contains("d=\"M1 0h1M2 0h1M1 2h1M2 2h1M1 0v1M1 1v1M3 0v1M3 1v1\""))
    #expect(paths[1].contains("d=\"M2 0h1M2 1h1M2 0v1M3 0v1\"") && paths[1].contains("stroke-dasharray"))
    #expect(Self.drawing.svg.contains("aria-label=\"slice «12» &amp; more\""))
  }

  @Test func theImageIsABitmapOfGreys() throws {
    let text = try #require(Self.drawing.svg.split(separator: "\"").first { $0.hasPrefix("data:image/bmp;base64,") })
    let file = [UInt8](try #require(Data(base64Encoded: String(text.dropFirst("data:image/bmp;base64,".count)))))
    func number(_ place: Int, _ bytes: Int) -> Int { (0..<bytes).reduce(0) { $0 | Int(file[place + $1]) << (8 * $1) } }
    #expect(file.prefix(2) == [0x42, 0x4D] && number(2, 4) == file.count)
    #expect(number(18, 4) == 3 && number(22, 4) == 2 && number(28, 2) == 8)
    let offset = number(10, 4)
    // The last row stands first, and a row fills four bytes.
    #expect(Array(file[offset...]) == [1, 91, 254, 0, 0, 90, 255, 0])
    #expect(Array(file[54 + 4 * 90..<54 + 4 * 91]) == [90, 90, 90, 0])
  }
}
