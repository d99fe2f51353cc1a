import Foundation
import Polyphony
import Torch

/// The way from a picture to the input of an encoder, as `preprocessor_config.json` says it.
///
/// It computes what transformers' processors on Pillow compute: resize, crop at the centre, rescale and normalise.
struct PicturePreparation: Equatable, Sendable {
  /// The size of the resized picture.
  enum Size: Equatable {
    /// These sides, whatever the picture's shape.
    case exact(height: Int, width: Int)
    /// The shorter side. The other one keeps the picture's shape.
    case shortest(Int)
  }

  /// The most pixels of a prepared picture.
  static let mostPixels = 1 << 20

  var size: Size?
  var filter = ResamplingFilter.bilinear
  /// The height and width that remain. A smaller picture gets black edges.
  var crop: [Int]?
  /// The factor from bytes to numbers.
  var scale: Double?
  /// The mean and the deviation of each colour.
  var normal: [[Double]]?

  /// Returns the numbers of a picture, `[3, height, width]`.
  /// - Throws: The errors of ``pixels(of:)``.
  func callAsFunction(_ picture: Picture) throws(Fault) -> Tensor { normalised(try pixels(of: picture)) }

  /// Returns the bytes of the resized and cropped picture, `[3, height, width]` u8.
  /// - Throws: `Fault(.badData)` for a picture so long that its resized form is too large.
  func pixels(of picture: Picture) throws(Fault) -> Tensor {
    let (height, width) = target(picture)
    let needed = max(crop.map { $0[0] * $0[1] } ?? height * width, 0)
    guard needed <= Self.mostPixels, max(height, picture.height) * width <= Picture.mostPixels else {
      throw Fault(
        .badData, "the picture is too long or too large for the encoder", found: "\(picture.width)×\(picture.height)",
        expected: "a picture whose prepared form has at most 1 million pixels")
    }
    let resized = size == nil ? picture : picture.resized(width: width, height: height, filter)
    let cropped = crop.map { resized.cropped(height: $0[0], width: $0[1]) } ?? resized
    return Tensor(cropped.bytes).view(cropped.height, cropped.width, 3).permuted(2, 0, 1).contiguous()
  }

  /// Returns the numbers that an encoder reads for bytes `[…, 3, height, width]`: rescaled and normalised, f32.
  func normalised(_ bytes: Tensor) -> Tensor {
    let numbers = (bytes.to(.float64) * (scale ?? 1)).to(.float32)
    guard let normal else { return numbers }
    let (mean, deviation) = (Tensor(normal[0].map(Float.init)), Tensor(normal[1].map(Float.init)))
    return (numbers - mean.view(3, 1, 1).to(bytes.device)) / deviation.view(3, 1, 1).to(bytes.device)
  }

  /// Height and width of every prepared picture. It is nil if they follow the picture's shape.
  var sides: [Int]? {
    if let crop { return crop }
    guard case .exact(let height, let width) = size else { return nil }
    return [height, width]
  }

  /// Returns height and width after resizing.
  private func target(_ picture: Picture) -> (height: Int, width: Int) {
    switch size {
    case .exact(let height, let width): return (height, width)
    case .shortest(let side):
      let long = side * max(picture.width, picture.height) / min(picture.width, picture.height)
      return picture.width <= picture.height ? (long, side) : (side, long)
    case nil: return (picture.height, picture.width)
    }
  }

  /// The preparation in words, such as `shortest side 256, bilinear, 224×224 at the centre`.
  var summary: String {
    let resizing: String? =
      switch size {
      case .exact(let height, let width): "\(height)×\(width), \(filter)"
      case .shortest(let side): "shortest side \(side), \(filter)"
      case nil: nil
      }
    let cropping = crop.map { "\($0[0])×\($0[1]) at the centre" }
    return [resizing, cropping].compactMap(\.self).joined(separator: ", ")
  }
}

extension Picture {
  /// Returns the middle of the picture. Where the picture is smaller, the edges are black.
  func cropped(height: Int, width: Int) -> Picture {
    // The start is rounded down, as transformers does it.
    let (top, left) = (Self.half(self.height - height), Self.half(self.width - width))
    var result = Picture(width: width, height: height, bytes: [UInt8](repeating: 0, count: width * height * 3))
    let columns = max(0, left)..<min(self.width, left + width)
    for row in max(0, top)..<min(self.height, top + height) {
      let source = (row * self.width + columns.lowerBound) * 3
      let place = ((row - top) * width + columns.lowerBound - left) * 3
      result.bytes.replaceSubrange(
        place..<place + columns.count * 3, with: bytes[source..<source + columns.count * 3])
    }
    return result
  }

  private static func half(_ number: Int) -> Int { number >> 1 }
}
