import Foundation
import Polyphony
import PolyphonyConversion
import Testing
import Torch

@testable import PolyphonyEncoders

/// Features of texts, computed once and kept.
@Suite struct TextFeaturesTests {
  private static let words = ["the", "movie", "was", "good", "bad", "i", "loved", "it", "##s", "!"]
  private static let texts = ["The movie was good!", "", "bad", "I loved it", "bad", "  \n", "the the the the the"]

  /// Copies the small BERT of the fixtures, and gives it a tokenizer.
  private static func withEncoder(_ body: (_ folder: String, _ cache: String) throws -> Void) throws {
    let manager = FileManager.default
    let place = manager.temporaryDirectory.appendingPathComponent("features-\(UUID().uuidString)").path
    let folder = "\(place)/encoder"
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? manager.removeItem(atPath: place) }
    for file in ["config.json", "model.safetensors"] {
      try manager.copyItem(atPath: "\(ReferenceEncoder.folder("bert"))/\(file)", toPath: "\(folder)/\(file)")
    }
    let lines = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + words
    try lines.joined(separator: "\n").write(toFile: "\(folder)/vocab.txt", atomically: true, encoding: .utf8)
    try body(folder, "\(place)/cache")
  }

  private static func rows(_ extractor: TextFeatures, _ texts: [String]) throws -> ([[Float]], [Int], computed: Int) {
    var computed = 0
    let found = try extractor.features(of: texts, folder: ".") { done, _ in computed = done }
    return (try texts.indices.map { found.steps[$0] > 0 ? try found.read($0) : [] }, found.steps, computed)
  }

  @Test func featuresAreThoseOfTheEncoder() throws {
    try Self.withEncoder { folder, _ in
      let tokenizer = try Tokenizer(folder: folder)
      let encoder = try PretrainedEncoder(folder)
      for pooling in [Pooling.none, .mean, .first] {
        let extractor = try TextFeatures(EncoderFolder(folder), layer: 1, pooling: pooling)
        let (rows, steps, computed) = try Self.rows(extractor, Self.texts)
        #expect(computed == 4, "equal texts are computed once, and empty ones never")
        #expect(steps.map { $0 > 0 } == [true, false, true, true, true, false, true])
        #expect(rows[2] == rows[4])
        for (text, row) in zip(Self.texts, rows) where !row.isEmpty {
          let ids = tokenizer.encode(text)
          let expected = try encoder(tokens: Tensor(ids, shape: [1, ids.count])).pooled(pooling, layer: 1)
          #expect(row.count == (pooling == .none ? ids.count : 1) * 16)
          #expect(zip(row, expected.floats).allSatisfy { abs($0 - $1) < 1e-5 }, "\(pooling) of \(text)")
        }
      }
    }
  }

  /// BERT was trained with no vector of its own.
  @Test func anEmbeddingNeedsAFamilyWithOne() throws {
    try Self.withEncoder { folder, _ in
      let fault = #expect(throws: Fault.self) { try TextFeatures(EncoderFolder(folder), pooling: .embedding) }
      #expect(fault?.kind == .usage && fault?.found == "embedding")
    }
  }

  /// What is kept needs no weights. A record that was cut off is computed again.
  @Test func featuresAreKept() throws {
    try Self.withEncoder { folder, cache in
      let extractor = try TextFeatures(EncoderFolder(folder), pooling: .some(.none), cache: cache)
      let first = try Self.rows(extractor, Self.texts)
      #expect(first.computed == 4)
      let file = try "\(cache)/" + #require(FileManager.default.contentsOfDirectory(atPath: cache).first)
      let size = try #require(FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
      truncate(file, off_t(size - 5))
      let second = try Self.rows(extractor, Self.texts)
      #expect(second.computed == 1 && second.0.map(\.count) == first.0.map(\.count))
      try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
      let third = try Self.rows(extractor, Self.texts)
      #expect(third.computed == 0 && third.0 == second.0)
      #expect(throws: Fault.self) { try Self.rows(extractor, ["another text"]) }
    }
  }

  @Test func damagedFeaturesAreRefused() throws {
    try Self.withEncoder { folder, cache in
      let extractor = try TextFeatures(EncoderFolder(folder), pooling: .mean, cache: cache)
      _ = try Self.rows(extractor, ["bad"])
      let file = try "\(cache)/" + #require(FileManager.default.contentsOfDirectory(atPath: cache).first)
      var data = try Data(contentsOf: URL(fileURLWithPath: file))
      data[data.count - 1] ^= 1
      try data.write(to: URL(fileURLWithPath: file))
      let fault = #expect(throws: Fault.self) { try Self.rows(extractor, ["bad"]) }
      #expect(fault?.problem == "kept features are damaged" && fault?.file == file)
    }
  }

  /// A model names its encoder, and takes no other one.
  @Test func anotherEncoderIsRefused() throws {
    try Self.withEncoder { folder, _ in
      let record = try TextFeatures(EncoderFolder(folder), pooling: .mean).record
      var modality = Modality.vector("text", features: 16)
      modality.encoder = record
      let configuration = ModelConfiguration(
        architecture: "late_fusion", modalities: [modality], task: PredictionTask(kind: .regression))
      #expect(try EncoderChoice.extractors(for: configuration)["text"]?.record == record)
      try "[PAD]\n[UNK]\n[CLS]\n[SEP]\nother".write(
        toFile: "\(folder)/vocab.txt", atomically: true, encoding: .utf8)
      let fault = #expect(throws: Fault.self) { try EncoderChoice.extractors(for: configuration) }
      #expect(fault?.problem == "this is another encoder than that of the training")
      try FileManager.default.removeItem(atPath: folder)
      let gone = #expect(throws: Fault.self) { try EncoderChoice.extractors(for: configuration) }
      #expect(gone?.kind == .missingInput && gone?.remedy == "say where it is: --encoder text=FOLDER")
    }
  }
}
