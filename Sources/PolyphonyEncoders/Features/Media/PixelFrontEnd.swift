import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The bytes of pictures in the size that an encoder inside a model reads. The encoder's weights are not read.
struct PixelFrontEnd: MediaFrontEnd {
  let record: EncoderRecord
  let width: Int
  let batch = 1
  let isSequence = false
  private let preparation: PicturePreparation
  private let sides: [Int]
  private let detector: DetectorFolder?

  init(_ folder: EncoderFolder, _ detector: DetectorFolder?) throws(Fault) {
    try folder.check(.pixels, "pictures", layer: -1, .none)
    preparation = try PicturePreparation(folder)
    guard let sides = preparation.sides else {
      throw Fault(
        .usage, "the pictures of an encoder inside the model need one size", file: folder.path,
        found: preparation.summary, expected: "do_center_crop, or a size of height and width",
        remedy: "add do_center_crop and crop_size to preprocessor_config.json")
    }
    (self.sides, self.detector, width) = (sides, detector, 3 * sides[0] * sides[1])
    record = try folder.record(.image, detector: detector)
  }

  func rawModality(_ name: String, length: Int) -> Modality? {
    .pixels(name, height: sides[0], width: sides[1], encoder: record)
  }

  func reading() throws(Fault) -> (String) throws(Fault) -> Tensor {
    let read = try Picture.reading(detector)
    return { (path) throws(Fault) in try preparation.pixels(of: read(path)).flattened() }
  }

  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] { { $0 } }
}

extension MediaFeatures {
  /// Describes pictures for an encoder inside a model.
  /// - Parameters:
  ///   - folder: the encoder's folder.
  ///   - detector: a detector of faces. A picture is then cut to its largest face, and one without a face is missing.
  ///   - cache: a folder that keeps pictures from one run to the next. By default none is kept.
  /// - Throws: `Fault` for a folder that is no encoder of pictures or takes them in several sizes, and for a detector of
  ///   speech.
  public init(pixels folder: EncoderFolder, detector: DetectorFolder? = nil, cache: String? = nil) throws(Fault) {
    self.init(try PixelFrontEnd(folder, detector), .image, cache: cache)
  }
}
