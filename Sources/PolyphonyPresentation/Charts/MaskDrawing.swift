import Foundation

/// A grey image with the outlines of its true and its predicted mask, as a drawing in SVG that loads nothing.
///
/// ```swift
/// let drawing = MaskDrawing(
///   "slice 12", width: 3, pixels: [0, 90, 255, 0, 90, 255], truth: [0, 1, 1, 0, 1, 1], prediction: [0, 0, 1, 0, 0, 1])
/// try AtomicFile.write(drawing.svg, to: "slice.svg")
/// ```
public struct MaskDrawing: Sendable {
  /// The colour of the true outline.
  package static let truthColour = "#35c095"
  /// The colour of the predicted outline.
  package static let predictionColour = "#f0b84a"
  /// The width of a drawing on a page.
  private static let size = 230

  /// The title, which screen readers read out.
  public var title: String
  /// The number of columns.
  public var width: Int
  /// The brightness row by row.
  public var pixels: [UInt8]
  /// The true classes row by row.
  public var truth: [UInt8]
  /// The predicted classes row by row.
  public var prediction: [UInt8]

  /// Makes a drawing. All arrays have one entry for each pixel.
  public init(_ title: String, width: Int, pixels: [UInt8], truth: [UInt8], prediction: [UInt8]) {
    precondition(width > 0 && pixels.count % width == 0, "\(pixels.count) pixels in rows of \(width)")
    precondition(truth.count == pixels.count && prediction.count == pixels.count, "masks of another size")
    (self.title, self.width, self.pixels, self.truth, self.prediction) = (title, width, pixels, truth, prediction)
  }

  private var height: Int { pixels.count / width }

  /// The drawing as an SVG document.
  public var svg: String {
    """
    <svg class="pc" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(Self.size)" \
    height="\(Self.size * height / width)" role="img" aria-label="\(ChartStyle.escaped(title))">
    <image width="\(width)" height="\(height)" style="image-rendering: pixelated" \
    href="data:image/bmp;base64,\(Data(bitmap).base64EncodedString())"/>
    \(outline(truth, Self.truthColour, dashes: ""))\(outline(prediction, Self.predictionColour, dashes: "1.2 0.8"))</svg>

    """
  }

  /// The edges between pixels of different classes, as one path.
  private func outline(_ mask: [UInt8], _ colour: String, dashes: String) -> String {
    var path = ""
    for row in 0...height {
      for column in 0..<width where at(mask, row - 1, column) != at(mask, row, column) {
        path += "M\(column) \(row)h1"
      }
    }
    for column in 0...width {
      for row in 0..<height where at(mask, row, column - 1) != at(mask, row, column) {
        path += "M\(column) \(row)v1"
      }
    }
    guard !path.isEmpty else { return "" }
    let dash = dashes.isEmpty ? "" : " stroke-dasharray=\"\(dashes)\""
    return "<path d=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"0.5\"\(dash)/>\n"
  }

  private func at(_ mask: [UInt8], _ row: Int, _ column: Int) -> UInt8 {
    (0..<height).contains(row) && (0..<width).contains(column) ? mask[row * width + column] : 0
  }

  /// The image as a bitmap file of 256 greys, whose rows stand from the bottom up.
  private var bitmap: [UInt8] {
    let stride = (width + 3) / 4 * 4
    let offset = 14 + 40 + 256 * 4
    func little(_ number: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(number >> (8 * $0) & 255) } }
    var file: [UInt8] = [0x42, 0x4D] + little(offset + stride * height, 4) + little(0, 4) + little(offset, 4)
    file += little(40, 4) + little(width, 4) + little(height, 4) + little(1, 2) + little(8, 2) + little(0, 4)
    file += little(stride * height, 4) + little(2835, 4) + little(2835, 4) + little(256, 4) + little(0, 4)
    for grey in 0..<256 { file += [UInt8(grey), UInt8(grey), UInt8(grey), 0] }
    for row in (0..<height).reversed() {
      file += pixels[row * width..<(row + 1) * width] + [UInt8](repeating: 0, count: stride - width)
    }
    return file
  }
}
