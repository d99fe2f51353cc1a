import Foundation
import Polyphony
import PolyphonyConversion

/// An encoder or front end, and how a raw modality uses it.
struct EncoderUse {
  /// The encoder's folder, or the name of a front end.
  var encoder: String
  /// The form of the inputs. If it is nil, the encoder decides.
  var content: RawContent?
  var layer: Int?
  var pooling: Pooling?
  /// The frames of a video in a second.
  var rate: Double?
  /// The folder of the detector that decides what of an input the encoder reads.
  var detector: String?
  var cache: String?
  /// True if the encoder is a part of the model, so that raw inputs are kept.
  var isInside = false

  /// True unless the encoder is a front end, which has no weights.
  var needsFolder: Bool { MelSpectrum(rawValue: encoder) == nil }

  /// Makes the extractor.
  /// - Throws: `Fault` for a folder that is no encoder of the content, and for options that it does not know.
  func extractor() throws(Fault) -> any FeatureExtractor {
    let detector = try detector.map { (folder) throws(Fault) in try DetectorFolder(folder) }
    if let spectrum = MelSpectrum(rawValue: encoder), !isInside {
      try refuse("this front end has no layers", "--layer", layer)
      try refuse("only videos have a rate", "--rate", rate)
      return try MediaFeatures(spectrum, pooling: pooling, detector: detector, cache: cache)
    }
    let folder = try EncoderFolder(encoder)
    let content = content ?? Self.content(of: folder.family)
    if content != .video { try refuse("only videos have a rate", "--rate", rate) }
    try detector?.check(content)
    if isInside { return try rawInputs(content, folder, detector) }
    return switch content {
    case .text: try TextFeatures(folder, layer: layer ?? -1, pooling: pooling, cache: cache)
    case .audio:
      try MediaFeatures(sound: folder, layer: layer ?? -1, pooling: pooling, detector: detector, cache: cache)
    case .image:
      try MediaFeatures(pictures: folder, layer: layer ?? -1, pooling: pooling, detector: detector, cache: cache)
    case .video:
      try MediaFeatures(
        video: folder, layer: layer ?? -1, pooling: pooling, rate: rate, detector: detector, cache: cache)
    }
  }

  /// Makes the extractor of raw inputs for an encoder inside the model.
  private func rawInputs(
    _ content: RawContent, _ folder: EncoderFolder, _ detector: DetectorFolder?
  ) throws(Fault) -> any FeatureExtractor {
    switch content {
    case .text: return try TextTokens(folder)
    case .image: return try MediaFeatures(pixels: folder, detector: detector, cache: cache)
    case .audio: return try MediaFeatures(waveform: folder, detector: detector, cache: cache)
    case .video:
      throw Fault(
        .usage, "no encoder inside the model reads videos", key: "--inside", found: content.rawValue,
        expected: "--modality NAME=COLUMN:text, :image or :audio",
        remedy: "compute features of the frames before the model: --encoder NAME=\(encoder)")
    }
  }

  private func refuse(_ problem: String, _ key: String, _ value: (some Any)?) throws(Fault) {
    guard let value else { return }
    throw Fault(.usage, problem, key: key, found: "\(value)", expected: "no \(key) for \(encoder)")
  }

  /// The form of input that encoders of a family read first.
  private static func content(of family: EncoderFamily) -> RawContent {
    if family.inputs.contains(.pixels) { return .image }
    return family.inputs.contains(.waveform) ? .audio : .text
  }
}

extension EncoderUse {
  /// The use that a model's configuration keeps.
  /// - Parameters:
  ///   - isInside: true for an encoder inside the model.
  ///   - folder: the encoder's folder, if it has moved.
  ///   - detector: the detector's folder, if it has moved.
  init(_ record: EncoderRecord, isInside: Bool, folder: String?, detector: String?) {
    content = RawContent(rawValue: record.content)
    encoder = MelSpectrum(rawValue: record.family) != nil ? record.family : folder ?? record.folder ?? ""
    let isSpectrum = MelSpectrum(rawValue: encoder) != nil
    layer = isSpectrum ? nil : record.layer
    pooling = Pooling(rawValue: record.pooling)
    rate = content == .video ? record.rate : nil
    self.detector = record.detector.map { detector ?? $0.folder ?? "" }
    self.isInside = isInside
  }
}
