import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The features of texts that a pretrained encoder computes.
///
/// The weights are read when the first text is encoded. Every different text is computed once. Texts of similar length
/// share a batch, the longest first, because the memory of their batch then serves the others.
public struct TextFeatures: FeatureExtractor {
  /// The texts of a batch.
  private static let batch = 32

  /// Texts.
  public let content = RawContent.text
  /// The encoder with its layer and pooling.
  public let record: EncoderRecord
  private let width: Int
  private let pooling: Pooling
  private let cache: String?
  /// The tokenizer and the encoder. It is nil if each call reads them anew.
  private var kept: KeptTools<(Tokenizer, PretrainedEncoder)>?

  /// Describes the features of an encoder.
  /// - Parameters:
  ///   - folder: the encoder's folder.
  ///   - layer: the layer whose states are the features. −1 is the last one.
  ///   - pooling: the way from tokens to a text. By default it is what the folder suggests.
  ///   - cache: a folder that keeps features from one run to the next. By default none is kept.
  /// - Throws: `Fault` for a folder that is no encoder of texts, and for a layer that it does not have.
  public init(
    _ folder: EncoderFolder, layer: Int = -1, pooling: Pooling? = nil, cache: String? = nil
  ) throws(Fault) {
    self.pooling = pooling ?? folder.pooling
    try folder.check(.tokens, "texts", layer: layer, self.pooling)
    (width, self.cache) = (folder.width, cache)
    record = try folder.record(
      content, layer: layer, pooling: self.pooling, longest: try folder.longestText())
  }

  /// The same features. The tokenizer and the weights stay in memory after the first text.
  public func keepingWeights() -> any FeatureExtractor {
    var own = self
    own.kept = KeptTools()
    return own
  }

  /// Computes the features of texts, apart from those that are kept. White space at the ends does not count.
  ///
  /// An empty text has no steps.
  /// - Throws: `Fault` if the encoder cannot be read, or if features cannot be kept.
  public func features(
    of inputs: [String], folder: String, progress: (Int, Int) -> Void
  ) throws(Fault) -> ExtractedFeatures {
    let texts = inputs.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    let keys = texts.map { FileHash.sha256($0.utf8) }
    let kept = try FeatureCache(folder: cache, for: record)
    var missing: [(key: String, text: String)] = []
    var seen: Set<String> = []
    for (key, text) in zip(keys, texts) where !text.isEmpty && kept.steps(of: key) == nil && seen.insert(key).inserted {
      missing.append((key, text))
    }
    if !missing.isEmpty { try compute(missing, into: kept, progress) }
    let steps = zip(keys, texts).map { key, text in text.isEmpty ? 0 : kept.steps(of: key) ?? 0 }
    return ExtractedFeatures(
      width: width, isSequence: pooling == .none, steps: steps
    ) { (input) throws(Fault) in try kept.numbers(of: keys[input]) }
  }

  private func compute(
    _ texts: [(key: String, text: String)], into kept: FeatureCache, _ progress: (Int, Int) -> Void
  ) throws(Fault) {
    let (tokenizer, encoder) = try (self.kept ?? KeptTools()).tools { () throws(Fault) in
      let folder = record.folder ?? ""
      return (
        try Tokenizer(folder: folder, longest: record.longest), try PretrainedEncoder(folder, isFrozen: true)
      )
    }
    let rows = texts.map { (key: $0.key, ids: tokenizer.encode($0.text)) }.sorted { $0.ids.count > $1.ids.count }
    var done = 0
    for start in stride(from: 0, to: rows.count, by: Self.batch) {
      let batch = rows[start..<min(start + Self.batch, rows.count)]
      let states = try encoder.states(of: batch.map(\.ids), padding: tokenizer, layer: record.layer)
      let pooled = try states.pooled(pooling, layer: record.layer)
      let numbers = pooled.floats
      let size = pooled.shape.dropFirst().reduce(1, *)
      let width = pooled.shape[pooled.rank - 1]
      try kept.append(
        batch.enumerated().map { place, row in
          let count = pooling == .none ? row.ids.count * width : size
          return (row.key, Array(numbers[place * size..<place * size + count]))
        }, width: width)
      done += batch.count
      progress(done, rows.count)
    }
  }
}
