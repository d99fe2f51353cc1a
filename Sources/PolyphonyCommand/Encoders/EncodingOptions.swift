import ArgumentParser
import Foundation
import Polyphony
import PolyphonyConversion
import PolyphonyEncoders

/// The options of a conversion about the encoders of raw modalities.
struct EncodingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The encoder of a raw modality, --modality NAME=COLUMN:text or :audio: a folder in Hugging Face's layout, logmel or "
        + "mfcc.", valueName: "NAME=ENCODER"), completion: .directory)
  var encoder: [String] = []

  @Option(
    help: ArgumentHelp(
      "An encoder that becomes a part of the model: the data keep the tokens of --modality NAME=COLUMN:text.",
      valueName: "NAME=FOLDER"), completion: .directory)
  var inside: [String] = []

  @Option(
    help: ArgumentHelp(
      "The layer whose states are the features; -1, the last. 0 is the first layer's input.", valueName: "NAME=NUMBER"))
  var layer: [String] = []

  @Option(
    help: ArgumentHelp(
      "none (all tokens), mean or first; what the folder suggests, or else none.", valueName: "NAME=WAY"))
  var pooling: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder that keeps features for later runs, or none; ~/.cache/polyphony/features.", valueName: "folder"),
    completion: .directory)
  var cache: String?

  /// Makes the extractors by the names of modalities.
  func extractors() throws(Fault) -> [String: any FeatureExtractor] {
    try EncoderChoice.extractors(encoder, layers: layer, poolings: pooling, inside: inside, cache: cacheFolder)
  }

  private var cacheFolder: String? {
    if let cache { return cache == "none" ? nil : cache }
    let environment = ProcessInfo.processInfo.environment
    if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return "\(base)/polyphony/features" }
    return environment["HOME"].map { "\($0)/.cache/polyphony/features" }
  }
}
