import Foundation
import Polyphony
import PolyphonyConversion

/// The tokens of texts, for an encoder inside a model. The encoder's weights are not read.
public struct TextTokens: FeatureExtractor {
  /// Texts.
  public let content = RawContent.text
  /// The encoder, with its vocabulary.
  public let record: EncoderRecord
  /// The tokenizer. It is nil if each call reads it anew.
  private var kept: KeptTools<Tokenizer>?

  /// Describes the tokens of an encoder.
  /// - Throws: `Fault` for a folder that is no encoder of texts.
  public init(_ folder: EncoderFolder) throws(Fault) {
    try folder.check(.tokens, "texts", layer: -1, .none)
    record = try folder.record(content, longest: try folder.longestText(), vocabulary: folder.vocabulary)
  }

  /// Returns the modality of tokens.
  public func rawModality(_ name: String, length: Int) -> Modality? { .tokens(name, length: length, encoder: record) }

  /// The same tokens. The tokenizer stays in memory after the first text.
  public func keepingWeights() -> any FeatureExtractor {
    var own = self
    own.kept = KeptTools()
    return own
  }

  /// Divides texts into tokens. White space at the ends does not count, and an empty text has none.
  /// - Throws: `Fault` if the tokenizer cannot be read, or if it gives numbers that the encoder does not know.
  public func features(
    of inputs: [String], folder: String, progress: (Int, Int) -> Void
  ) throws(Fault) -> ExtractedFeatures {
    let path = record.folder ?? ""
    let tokenizer = try (kept ?? KeptTools()).tools { () throws(Fault) in
      try Tokenizer(folder: path, longest: record.longest)
    }
    let texts = inputs.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    let tokens = texts.map { $0.isEmpty ? [] : tokenizer.encode($0) }
    let largest = tokens.lazy.joined().max() ?? 0
    guard largest < record.vocabulary ?? 0 else {
      throw Fault(
        .badData, "the tokenizer gives numbers that the encoder does not know", file: path, key: "vocab_size",
        found: "\(largest)", expected: "0 to \((record.vocabulary ?? 0) - 1)",
        remedy: "check that config.json and the tokenizer are of the same encoder")
    }
    progress(inputs.count, inputs.count)
    return ExtractedFeatures(width: 1, isSequence: true, steps: tokens.map(\.count)) { tokens[$0].map(Float.init) }
  }
}
