import Foundation
import Polyphony

/// A folder with a pretrained encoder in Hugging Face's layout: what it is, without its weights in memory.
public struct EncoderFolder: Sendable {
  /// The path of the folder.
  public let path: String
  /// The encoder's family.
  public let family: EncoderFamily
  /// The features of a step.
  public let width: Int
  /// The number of layers.
  public let layerCount: Int
  /// The files that decide what the encoder computes, sorted by name.
  public let files: [String]
  /// The SHA-256 of all ``files``: that of the text which `sha256sum` prints for them, in the order of their names.
  public let sha256: String
  /// The pooling that the folder suggests: that of sentence-transformers where it has its files, otherwise none.
  public let pooling: Pooling
  /// The most tokens of a text that the folder allows. It is nil for other inputs.
  public let longestText: Int?

  /// Reads the configuration of a folder, and hashes its files.
  /// - Throws: `Fault(.missingInput)` without a configuration or weights, `Fault(.badData)` for an unknown family.
  public init(_ path: String) throws(Fault) {
    self.path = path
    let configuration = try ConfigurationReader(folder: path)
    family = try configuration.choice("model_type")
    width = try configuration.integer(family == .distilbert ? "dim" : "hidden_size", 1...65_536)
    layerCount = try configuration.integer(family == .distilbert ? "n_layers" : "num_hidden_layers", 1...1024)
    files = Self.files(in: path)
    sha256 = try Self.hash(of: files, in: path)
    pooling = try Self.suggestedPooling(path)
    longestText = family.inputs.contains(.tokens) ? try Self.longestText(path, family, configuration) : nil
  }

  /// The names of the files that are hashed.
  private static func files(in path: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let known: Set<String> = [
      "config.json", "tokenizer.json", "preprocessor_config.json", "model.safetensors.index.json",
    ]
    let hasTokenizer = all.contains("tokenizer.json")
    return all.filter { name in
      known.contains(name) || name.hasSuffix(".safetensors")
        || !hasTokenizer && ["vocab.txt", "tokenizer_config.json"].contains(name)
    }.sorted()
  }

  private static func hash(of files: [String], in path: String) throws(Fault) -> String {
    var lines = ""
    for name in files { lines += "\(try FileHash.sha256(of: "\(path)/\(name)"))  \(name)\n" }
    return FileHash.sha256(lines.utf8)
  }

  /// Reads the pooling of sentence-transformers.
  private static func suggestedPooling(_ path: String) throws(Fault) -> Pooling {
    let file = "\(path)/1_Pooling/config.json"
    guard FileManager.default.fileExists(atPath: file) else { return .none }
    let document = try ConfigurationReader.document(file, remedy: "copy the folder again")
    if document["pooling_mode_mean_tokens"] == .bool(true) { return .mean }
    return document["pooling_mode_cls_token"] == .bool(true) ? .first : .none
  }

  /// The most tokens: what sentence-transformers or else the tokenizer says, and no more than there are positions.
  private static func longestText(
    _ path: String, _ family: EncoderFamily, _ configuration: ConfigurationReader
  ) throws(Fault) -> Int {
    var positions = try configuration.integer("max_position_embeddings", 1...1 << 20, default: 512)
    if [.roberta, .xlmRoberta, .mpnet].contains(family) {
      // The first positions of these families are those of padding.
      positions -= try configuration.integer("pad_token_id", 0...1 << 20, default: 1) + 1
    }
    let file = "\(path)/sentence_bert_config.json"
    var chosen: Int?
    if FileManager.default.fileExists(atPath: file) {
      chosen = try ConfigurationReader.document(file, remedy: "copy the folder again")["max_seq_length"]?.count
    }
    if chosen == nil { chosen = try Tokenizer(folder: path).truncation?.length }
    let most = chosen ?? positions
    return max(1, min(most, positions))
  }
}
