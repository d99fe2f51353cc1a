import Foundation
import Testing

/// A text encoder of 16 features and 15 tokens, and a manifest whose texts it reads.
enum SmallEncoder {
  static let words = ["the", "movie", "was", "good", "bad", "i", "loved", "hated", "it", "##s", "!"]

  /// Makes a folder from the small BERT of the encoders' tests.
  static func make(in folder: String) throws {
    let source = DocumentationTests.root + "/Tests/PolyphonyEncodersTests/Fixtures/bert"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for file in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(atPath: "\(source)/\(file)", toPath: "\(folder)/\(file)")
    }
    try write(words, to: folder)
  }

  private static func write(_ words: [String], to folder: String) throws {
    try (["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + words).joined(separator: "\n").write(
      toFile: "\(folder)/vocab.txt", atomically: true, encoding: .utf8)
  }

  /// Checks predictions after the encoder has moved from `enc` to `elsewhere`: without its place, with it, and with
  /// another encoder of the same size there, which stays.
  static func expectAnotherIsRefused(_ predict: [String], in folder: String, answer: String) throws {
    let lost = try Program.run(predict, in: folder)
    #expect(lost.code == 66 && lost.errors.contains("--encoder text=FOLDER"))
    let found = try Program.succeed(predict + ["--encoder", "text=elsewhere"], in: folder)
    #expect(found.output == answer)
    try write(words.reversed(), to: "\(folder)/elsewhere")
    let other = try Program.run(predict + ["--encoder", "text=elsewhere"], in: folder)
    #expect(other.code == 65 && other.errors.contains("another encoder than that of the training"))
  }

  /// A manifest with a text and a number a row. Every seventh text is empty.
  static func manifest(_ rows: Int) -> String {
    var lines = ["id,video,transcript,loudness,label"]
    for row in 0..<rows {
      let good = row % 2 == 0
      let text = row % 7 == 6 ? "" : "\"I \(good ? "loved" : "hated") it, the movie was \(good ? "good" : "bad")!\""
      lines.append("clip \(row),video \(row / 3),\(text),\(Double(row % 5) / 5),\(good ? "positive" : "negative")")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
