import Foundation
import PolyphonyExamples
import Testing

@testable import Polyphony
@testable import PolyphonyExport
@testable import PolyphonySettings

/// Folders that hand a model on.
@Suite struct ModelExportTests {
  private static func model(_ architecture: String = "late_fusion", in folder: String) throws -> String {
    let configuration = ModelConfiguration(
      architecture: architecture, modalities: [.sequence("text", features: 3, length: 4), .vector("age", features: 2)],
      task: PredictionTask(kind: .classification, classes: 3), width: 4, heads: 2, layers: 1)
    try ModelFolder.write(try MultimodalModel(configuration).backbone, to: "\(folder)/model")
    return "\(folder)/model"
  }

  @Test func filesAreThoseOfTheModel() throws {
    try withTemporaryFolder { folder in
      let model = try Self.model(in: folder)
      let (lora, description) = try ModelWithAdapter(model).install("lora")
      try AdapterFolder.write(lora, description, to: "\(folder)/adapter")
      let (out, whole) = (
        "\(folder)/deep/out", ["README.md", "adapter", "config.json", "model.safetensors", "modeling_polyphony.py"]
      )
      let export = try ModelExport(model, adapter: "\(folder)/adapter")
      #expect(try export.write(.huggingface, to: out) == whole)
      for file in ["config.json", "model.safetensors"] {
        #expect(FileManager.default.contentsEqual(atPath: "\(out)/\(file)", andPath: "\(model)/\(file)"))
      }
      #expect(try contents(of: "\(out)/adapter") == contents(of: "\(folder)/adapter"))
      _ = try ModelWithAdapter(out, adapter: "\(out)/adapter")
      // Another export replaces all of it, also the card. A file of somebody else stays.
      try "mine".write(toFile: "\(out)/notes.txt", atomically: true, encoding: .utf8)
      try ModelExport(model).write(.pytorch, to: out)
      #expect(try names(in: out) == ["config.json", "model.safetensors", "modeling_polyphony.py", "notes.txt"])
      // A README of somebody else is in the way of a card.
      try "mine".write(toFile: "\(out)/README.md", atomically: true, encoding: .utf8)
      try ModelExport(model).write(.pytorch, to: out)
      #expect(throws: Fault.self) { try export.write(.huggingface, to: out) }
      #expect(text(of: "\(out)/README.md") == "mine")
      #expect(try names(in: "\(folder)/deep") == ["out"])
    }
  }

  @Test func partsOfOthersAreRefusedByName() throws {
    GatedFusion.register()
    try withTemporaryFolder { folder in
      let export = try ModelExport(try Self.model("gated_fusion", in: folder))
      let fault = #expect(throws: Fault.self) { try export.write(.pytorch, to: "\(folder)/out") }
      #expect(fault?.found == "gated_fusion" && fault?.key == "architecture")
      #expect(try names(in: folder) == ["model"])
    }
  }
}

@Suite struct ModelCardTests {
  private static let hostile = "a: b\n- \"c\" #{x}\u{1B}[2J | *d* <e> 'f' \\ \u{202E}"

  @Test func namesCannotBecomeMarkup() throws {
    let configuration = ModelConfiguration(
      architecture: "late_fusion", modalities: [.vector("yes", features: 2), .vector(Self.hostile, features: 2)],
      task: PredictionTask(kind: .regression))
    var environment = RunEnvironment(data: [])
    environment.data = [.init(folder: "x", name: Self.hostile, hashes: [])]
    let row = ResultsDocument.Row(
      name: "joint", split: "test", seeds: [3, 4],
      metrics: ["mae": Aggregate([0.25, 1e-9]), "corr": Aggregate([nil, nil])],
      output: "runs", extra: ["missing": .string("sample:0.5"), "seconds": 3])
    let figures = RunFigures(rows: [row], seed: 4, environment: environment)
    let card = ModelCard(configuration, method: nil, figures: figures).text
    #expect(card.hasPrefix(ModelCard.opening))
    let parts = card.components(separatedBy: "\n---\n")
    let header = try SettingsTree(yaml: String(parts[0].dropFirst(4)), file: "card").json
    #expect(header["datasets"] == [.string(Self.hostile)])
    #expect(header["tags"]?.elements.contains("yes") ?? false)
    #expect(header["tags"]?.elements.contains(.string(Self.hostile)) ?? false)
    let result = try #require(header["model-index"]?.elements.first?["results"]?.elements.first)
    // The value is that of the model's own seed. An undefined one is left out.
    let metrics: OrderedJSON = [["type": "mae", "name": "mae", "value": .number(1e-9)]]
    #expect(result["metrics"] == metrics)
    #expect(result["dataset"]?["config"] == "missing sample:0.5")
    #expect(parts[1].contains("&lt;e&gt;") && !parts[1].contains("<e>"))
    #expect(parts[1].contains("| test | missing sample:0.5 | 0.000 | undefined |"))
  }

  @Test func figuresAreThoseOfTheModelsRun() throws {
    try withTemporaryFolder { folder in
      let rows = ["joint", "cggm"].map { name in
        ResultsDocument.Row(
          name: name, seeds: [0, 1], metrics: ["mae": Aggregate([name == "joint" ? 1 : 2, 3])], output: name)
      }
      let text = ResultsDocument(command: "train", version: "1", results: rows).text()
      try text.write(toFile: "\(folder)/results.json", atomically: true, encoding: .utf8)
      let figures = try #require(RunFigures(of: "\(folder)/cggm/seed-1/model", method: nil))
      #expect(figures.rows == [rows[1]] && figures.seed == 1)
      #expect(RunFigures(of: "\(folder)/joint/model", method: nil)?.rows == [rows[0]])
      // Here nothing says which of the two methods made the model.
      #expect(RunFigures(of: "\(folder)/model", method: nil) == nil)
      #expect(RunFigures(of: "\(folder)/adapter", method: "joint")?.rows == [rows[0]])
    }
  }
}
