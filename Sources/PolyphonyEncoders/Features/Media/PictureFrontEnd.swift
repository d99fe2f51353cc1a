import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The states or the vector of an encoder of pictures, such as ViT or CLIP.
struct PictureFrontEnd: MediaFrontEnd {
  let record: EncoderRecord
  let width: Int
  let batch = 16
  var isSequence: Bool { pooling == .none }
  private let preparation: PicturePreparation
  private let folder: EncoderFolder
  private let pooling: Pooling
  private let detector: DetectorFolder?

  init(_ folder: EncoderFolder, layer: Int, pooling: Pooling?, _ detector: DetectorFolder?) throws(Fault) {
    (self.folder, self.detector) = (folder, detector)
    self.pooling = pooling ?? folder.pooling
    try folder.check(.pixels, "pictures", layer: layer, self.pooling)
    width = folder.width
    preparation = try PicturePreparation(folder)
    record = try folder.record(.image, layer: layer, pooling: self.pooling, detector: detector)
  }

  func reading() throws(Fault) -> (String) throws(Fault) -> Tensor {
    let read = try Picture.reading(detector)
    return { (path) throws(Fault) in try preparation(read(path)) }
  }

  /// Prepares the preparation of pictures.
  /// - Returns: A function from a picture to the encoder's input. That is nil if a detector finds no face.
  /// - Throws: `Fault` for a detector that cannot be read.
  func preparing() throws(Fault) -> (Picture) throws(Fault) -> Tensor? {
    let show = try Picture.showing(detector)
    return { (picture) throws(Fault) in
      try show(picture).map { (shown) throws(Fault) in try preparation(shown) }
    }
  }

  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] {
    try folder.pooledStates(pooling, layer: record.layer) { (encoder, pixels) throws(Fault) in
      try encoder(pixels: pixels, layer: record.layer)
    }
  }
}

extension PicturePreparation {
  /// Reads the preparation of an encoder's folder.
  init(_ folder: EncoderFolder) throws(Fault) {
    try self.init(folder.family, folder.configuration, ConfigurationReader(preparationOf: folder.path))
  }

  /// Reads the preparation for an encoder from the content of `preprocessor_config.json`, if there is one.
  init(
    _ family: EncoderFamily, _ configuration: ConfigurationReader, _ file: ConfigurationReader?
  ) throws(Fault) {
    let tower = family == .clip ? try configuration.section("vision_config") : configuration
    let size = tower.holds("image_size") ? try tower.square("image_size", 1...4096) : nil
    try self.init(file, family: family, imageSize: size)
  }
}

extension Picture {
  /// Prepares a detector of faces, if there is one.
  /// - Returns: A function from a picture to its largest face, or to itself without a detector. It is nil without a face.
  /// - Throws: `Fault` for a detector that cannot be read.
  static func showing(_ detector: DetectorFolder?) throws(Fault) -> (Picture) -> Picture? {
    guard let faces = try detector.map({ (folder) throws(Fault) in try FaceDetector(folder) }) else { return { $0 } }
    return { faces.largestFace(in: $0) }
  }

  /// Prepares the reading of files, cut to their largest face if there is a detector.
  /// - Returns: A function from a path to the picture. It throws `Fault(.badData)` without a face.
  static func reading(_ detector: DetectorFolder?) throws(Fault) -> (_ path: String) throws(Fault) -> Picture {
    let show = try showing(detector)
    return { (path) throws(Fault) in
      guard let shown = try show(Picture.read(path)) else {
        throw Fault(.badData, "the picture shows no face", file: path)
      }
      return shown
    }
  }
}

extension MediaFeatures {
  /// Describes the features of an encoder of pictures: ViT, DeiT, DINOv2, CLIP, ResNet or MobileNetV2.
  /// - Parameters:
  ///   - folder: the encoder's folder.
  ///   - layer: the layer whose states are the features. −1 is the last one.
  ///   - pooling: the way from patches to a picture. By default it is what the folder suggests.
  ///   - detector: a detector of faces. A picture is then cut to its largest face, and one without a face is missing.
  ///   - cache: a folder that keeps features from one run to the next. By default none is kept.
  /// - Throws: `Fault` for a folder that is no encoder of pictures, for a layer or pooling that it does not have, and for a
  ///   detector of speech.
  public init(
    pictures folder: EncoderFolder, layer: Int = -1, pooling: Pooling? = nil, detector: DetectorFolder? = nil,
    cache: String? = nil
  ) throws(Fault) {
    self.init(try PictureFrontEnd(folder, layer: layer, pooling: pooling, detector), .image, cache: cache)
  }
}
