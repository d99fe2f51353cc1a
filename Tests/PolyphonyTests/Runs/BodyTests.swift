import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// A new model may take the body of a trained one, with new projections and a new last layer.
@Suite struct BodyTests {
  private static func data(_ path: String, classes: Int? = nil, modalities: Int = 2) throws -> String {
    var generator = SyntheticSentiment()
    (generator.samples, generator.modalities, generator.classes) = (60, modalities, classes)
    var description = generator.description
    var splits = try generator.make()
    if classes != nil {
      // Other features and lengths than those of the first corpus.
      description.modalities[0] = .sequence("text", features: 20, length: 6)
      for index in splits.indices {
        let text = splits[index].inputs.modalities[0].slice(1, 0, 6).slice(2, 0, 20).contiguous()
        splits[index].inputs.modalities[0] = text
        splits[index].inputs.lengths[0] = nil
      }
    }
    try DatasetWriter.write(description, splits, to: path)
    return path
  }

  private static func life(_ data: String, _ architecture: String, _ more: String = "") throws -> TrainLife {
    TrainLife(
      recipe: try SettingsTree(
        yaml: """
          model: {architecture: \(architecture), width: 8, heads: 2, layers: 1\(more)}
          training: {epochs: 1, batch_size: 32}
          """, file: "recipe"), data: data)
  }

  private static func tensors(_ model: MultimodalModel) -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: model.backbone.storage().map { ($0.key, $0.storage.tensor!.floats) })
  }

  @Test(arguments: ["late_fusion", "mult"]) func theBodyComesAlong(architecture: String) throws {
    try withTemporaryFolder { folder in
      let first = try Self.data(folder + "/first")
      let second = try Self.data(folder + "/second", classes: 3)
      let base = folder + "/base"
      _ = try MethodGrid(try Self.life(first, architecture), output: base, seeds: [0, 1]).run()
      for seed: UInt64 in [0, 1] {
        let trained = try ModelFolder.read(try SeededFolders(base, .model).folder(seed: seed))
        let expected = Self.tensors(trained)
        func run(_ more: String) throws -> [String: [Float]] {
          let life = try Self.life(second, architecture, more)
          return Self.tensors(try life.prepare(seeds: [seed]).run("joint", seed: seed).model)
        }
        let frozen = try run(", body: \(base)")
        let further = try run(", body: {from: \(base), train: all}")
        let backbone = trained.backbone
        for (key, values) in frozen {
          let isNew = backbone.isProjection(key) || backbone.outputLayerKeys.contains(key)
          #expect((values == expected[key]) == !isNew, "\(key), seed \(seed)")
        }
        #expect(frozen.contains { further[$0.key] != $0.value && $0.value == expected[$0.key] }, "train: all moves it")
      }
    }
  }

  @Test func otherBodiesAreRefused() throws {
    try withTemporaryFolder { folder in
      let first = try Self.data(folder + "/first")
      let base = folder + "/base"
      _ = try MethodGrid(try Self.life(first, "late_fusion"), output: base).run()
      func refusal(_ data: String, _ architecture: String, _ more: String = "") throws -> Fault? {
        let life = try Self.life(data, architecture, ", body: \(base)" + more)
        return expectFault(.usage) { _ = try life.prepare(seeds: [0]) }
      }
      #expect(try refusal(first, "encoder_fusion")?.found == "architecture late_fusion")
      let wide = TrainLife(
        recipe: try SettingsTree(
          yaml: "model: {architecture: late_fusion, width: 16, heads: 2, layers: 1, body: \(base)}", file: "recipe"),
        data: first)
      let fault = expectFault(.usage) { _ = try wide.prepare(seeds: [0]) }
      #expect(fault?.key == "model.body.from" && fault?.found?.contains("[") == true)
      #expect(try refusal(Self.data(folder + "/three", modalities: 3), "late_fusion")?.found?.contains("none") == true)
    }
  }
}
