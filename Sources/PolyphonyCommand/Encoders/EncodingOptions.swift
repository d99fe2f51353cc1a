import ArgumentParser
import Foundation
import Polyphony
import PolyphonyConversion
import PolyphonyEncoders

/// The options of a conversion about the encoders of raw modalities.
struct EncodingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The encoder of a raw modality, --modality NAME=COLUMN:text, :image, :audio or :video: a folder in Hugging Face's "
        + "layout, logmel or mfcc.", valueName: "NAME=ENCODER"), completion: .directory)
  var encoder: [String] = []

  @Option(
    help: ArgumentHelp(
      "An encoder that becomes a part of the model: the data keep the tokens, pixels or samples of --modality "
        + "NAME=COLUMN:text, :image or :audio.",
      valueName: "NAME=FOLDER"), completion: .directory)
  var inside: [String] = []

  @Option(
    help: ArgumentHelp(
      "The layer whose states are the features; -1, the last. 0 is the first layer's input.", valueName: "NAME=NUMBER"))
  var layer: [String] = []

  @Option(
    help: ArgumentHelp(
      "none (all tokens, patches or steps), mean, first, or embedding (CLIP's, or a convolutional network's mean); what "
        + "the folder or its family suggests.", valueName: "NAME=WAY"))
  var pooling: [String] = []

  @Option(
    help: ArgumentHelp("The frames of a video in a second, at most 64 in all; 5.", valueName: "NAME=NUMBER"))
  var rate: [String] = []

  @Option(
    help: ArgumentHelp(
      "A detector that decides what of an input the encoder reads: silero_vad (a sound without speech is missing) or mtcnn "
        + "(pictures and frames are cut to their largest face).", valueName: "NAME=FOLDER"), completion: .directory)
  var detect: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder that keeps features for later runs, or none; ~/.cache/polyphony/features.", valueName: "folder"),
    completion: .directory)
  var cache: String?

  /// Makes the extractors by the names of modalities.
  /// - Parameter modalities: the modalities, which say what their columns hold.
  func extractors(
    _ modalities: [ConversionOptions.ModalityChoice]
  ) throws(Fault) -> [String: any FeatureExtractor] {
    let contents = Dictionary(
      modalities.compactMap { choice in choice.content.map { (choice.name, $0) } }, uniquingKeysWith: { $1 })
    return try EncoderChoice.extractors(
      encoder, contents: contents, layers: layer, poolings: pooling, rates: rate, detectors: detect,
      inside: inside, cache: cacheFolder)
  }

  private var cacheFolder: String? {
    if let cache { return cache == "none" ? nil : cache }
    let environment = ProcessInfo.processInfo.environment
    if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return "\(base)/polyphony/features" }
    return environment["HOME"].map { "\($0)/.cache/polyphony/features" }
  }
}
