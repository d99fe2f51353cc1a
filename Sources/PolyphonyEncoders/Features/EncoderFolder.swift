import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// A folder with a pretrained encoder in Hugging Face's layout: what it is, without its weights in memory.
public struct EncoderFolder: Sendable {
  /// The path of the folder.
  public let path: String
  /// The encoder's family.
  public let family: EncoderFamily
  /// The features of the last layer, or of the embedding in CLIP.
  public let width: Int
  /// The number of layers; in CLIP, of its encoder of pictures.
  public let layerCount: Int
  /// The files that decide what the encoder computes, sorted by name.
  public let files: [String]
  /// The pooling that the folder or the family suggests.
  ///
  /// It is that of sentence-transformers where the folder has its files, the embedding in families with one, the first
  /// step (the class token) in ViT's relatives, and otherwise none.
  public let pooling: Pooling
  /// The different tokens that its encoder of texts knows; nil without one.
  let vocabulary: Int?
  /// The fewest samples of a sound; nil for an encoder of other inputs.
  let leastSamples: Int?
  let configuration: ConfigurationReader
  private let layerCounts: [EncoderInput: Int]

  /// Reads the configuration of a folder.
  /// - Throws: `Fault(.missingInput)` without a configuration, `Fault(.badData)` for an unknown family, and for numbers
  ///   that make no encoder.
  public init(_ path: String) throws(Fault) {
    self.path = path
    let configuration = try ConfigurationReader(folder: path)
    let family: EncoderFamily = try configuration.choice("model_type")
    // The network itself knows its sizes. Without memory for weights it costs little.
    let network = try AbstractTensors.make { () throws(Fault) in try family.network(configuration) }
    (width, layerCount) = (network.width, network.layerCount)
    vocabulary = (network.tower(.tokens) as? any TokenReader)?.vocabulary
    leastSamples = (network as? SoundEncoder)?.features.least
    var counts: [EncoderInput: Int] = [:]
    for input in family.inputs { counts[input] = network.tower(input)?.layerCount }
    (self.family, self.configuration, layerCounts) = (family, configuration, counts)
    files = Self.files(in: path)
    pooling = try Self.suggestedPooling(path, family)
  }

  /// Checks that the encoder reads an input and has a layer with that way of pooling.
  /// - Throws: `Fault(.usage)` if it does not.
  func check(_ input: EncoderInput, _ noun: String, layer: Int, _ pooling: Pooling) throws(Fault) {
    guard let count = layerCounts[input] else {
      throw Fault(
        .usage, "the encoder reads no \(noun)", file: path, found: family.rawValue, expected: "an encoder of \(noun)")
    }
    let place = try EncoderStates.place(of: layer, layerCount: count)
    guard pooling == .embedding else { return }
    guard family.hasEmbedding else {
      throw Fault(
        .usage, "this encoder has no vector of its own", key: "--pooling", found: pooling.rawValue,
        expected: "none, mean or first")
    }
    guard place == count else {
      throw Fault(
        .usage, "the encoder's own vector is of the last layer", key: "--layer", found: "\(layer)", expected: "-1",
        remedy: "choose another pooling: none, mean or first")
    }
  }

  /// The names of the files that are hashed.
  private static func files(in path: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let known: Set<String> = [
      "config.json", "tokenizer.json", "preprocessor_config.json", "model.safetensors.index.json",
    ]
    let hasTokenizer = all.contains("tokenizer.json")
    let hasSafetensors = all.contains { $0.hasSuffix(".safetensors") }
    return all.filter { name in
      known.contains(name) || name.hasSuffix(".safetensors")
        || !hasSafetensors && WeightFiles.pickled.contains(name)
        || !hasTokenizer && ["vocab.txt", "tokenizer_config.json"].contains(name)
    }.sorted()
  }

  /// Returns the SHA-256 of all ``files``: that of the text which `sha256sum` prints for them, in the order of their names.
  ///
  /// Every call reads the files.
  /// - Throws: `Fault` for a file that cannot be read.
  public func sha256() throws(Fault) -> String {
    try FileHash.sha256(of: files, in: path)
  }

  /// Returns the record of a way to use the encoder.
  /// - Throws: The errors of ``sha256()`` and of the detector.
  func record(
    _ content: RawContent, layer: Int = -1, pooling: Pooling = .none, longest: Int? = nil, rate: Double? = nil,
    vocabulary: Int? = nil, detector: DetectorFolder? = nil
  ) throws(Fault) -> EncoderRecord {
    EncoderRecord(
      content: content.rawValue, family: family.rawValue, sha256: try sha256(), layer: layer, pooling: pooling.rawValue,
      longest: longest, rate: rate, vocabulary: vocabulary, folder: path, detector: try detector?.record(for: content))
  }

  private static func suggestedPooling(_ path: String, _ family: EncoderFamily) throws(Fault) -> Pooling {
    if family.hasEmbedding { return .embedding }
    let file = "\(path)/1_Pooling/config.json"
    guard FileManager.default.fileExists(atPath: file) else { return family.inputs == [.pixels] ? .first : .none }
    let document = try JSONFile.document(file, remedy: "copy the folder again")
    if document["pooling_mode_mean_tokens"] == .bool(true) { return .mean }
    return document["pooling_mode_cls_token"] == .bool(true) ? .first : .none
  }

  /// Returns the most tokens of a text: what sentence-transformers or else the tokenizer says, and no more than there are
  /// positions. It is nil for an encoder of other inputs, and for one without a tokenizer.
  /// - Throws: `Fault(.badData)` for a broken tokenizer or configuration.
  public func longestText() throws(Fault) -> Int? {
    guard family.inputs.contains(.tokens), files.contains("tokenizer.json") || files.contains("vocab.txt") else {
      return nil
    }
    let configuration = family == .clip ? try configuration.section("text_config") : configuration
    var positions = try configuration.integer(
      "max_position_embeddings", 1...1 << 20, default: family.hasEmbedding ? 77 : 512)
    if [.roberta, .xlmRoberta, .mpnet].contains(family) {
      // The first positions of these families are those of padding.
      positions -= try configuration.integer("pad_token_id", 0...1 << 20, default: 1) + 1
    }
    let file = "\(path)/sentence_bert_config.json"
    var chosen: Int?
    if FileManager.default.fileExists(atPath: file) {
      chosen = try JSONFile.document(file, remedy: "copy the folder again")["max_seq_length"]?.count
    }
    if chosen == nil { chosen = try Tokenizer(folder: path).truncation?.length }
    let most = chosen ?? positions
    return max(1, min(most, positions))
  }

  /// Returns what happens to a picture or to sound before the encoder, in words. It is nil for texts.
  /// - Throws: `Fault(.badData)` for a broken `preprocessor_config.json`.
  public func preparation() throws(Fault) -> String? {
    if family.inputs.contains(.pixels) { return try PicturePreparation(self).summary }
    return family.inputs.contains(.waveform) ? try WaveformPreparation(folder: path).summary : nil
  }
}

extension FileHash {
  /// Computes one hash of several files: that of the text which `sha256sum` prints for them.
  static func sha256(of files: [String], in folder: String) throws(Fault) -> String {
    var lines = ""
    for name in files { lines += "\(try sha256(of: "\(folder)/\(name)"))  \(name)\n" }
    return sha256(lines.utf8)
  }
}
