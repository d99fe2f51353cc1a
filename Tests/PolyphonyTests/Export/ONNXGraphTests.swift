import Foundation
import Polyphony
import PolyphonyExamples
import Testing
import Torch

import protocol Polyphony.Attachment

@testable import PolyphonyExport
@testable import PolyphonySupport

/// Names, sizes and refusals of ONNX graphs. The Python tests let ONNX check the graphs, and compare what ONNX Runtime
/// computes with the program.
@Suite struct ONNXGraphTests {
  static let modalities: [Modality] = [
    .sequence("text", features: 5, length: 6), .vector("force", features: 3),
    .sequence("sound", features: 8, length: 4),
  ]

  static func model(_ architecture: String, _ modalities: [Modality] = modalities) throws -> MultimodalModel {
    try MultimodalModel(
      ModelConfiguration(
        architecture: architecture, modalities: modalities, task: PredictionTask(kind: .classification, classes: 3),
        width: 8, heads: 2, layers: 1))
  }

  static func graph(_ model: MultimodalModel) throws -> ONNXGraphProto { try ONNXGraph(of: model).model.graph }

  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult", "prompted_mult"])
  func everyArchitectureHasAForm(_ architecture: String) throws {
    let model = try Self.model(architecture)
    let graph = try Self.graph(model)
    #expect(
      graph.input.map(\.sizes) == [
        "text: batch, text.steps, 5", "force: batch, 3", "sound: batch, sound.steps, 8", "text.length: batch",
        "sound.length: batch", "presence: batch, 3",
      ])
    #expect(graph.output.map(\.sizes).first == "prediction: batch, 3")
    let width = noGrad { model(Inputs(Self.modalities.map { .zeros([1] + $0.sampleShape) })).pooled.size(1) }
    #expect(graph.output.map(\.sizes).last == "representation: batch, \(width)")
    try expectWellFormed(graph)
    let names = Set(graph.initializer.map(\.name))
    for (key, _) in model.backbone.storage() { #expect(names.contains(model.backbone.fileKey(key)), "\(key)") }
  }

  @Test(arguments: [("deeplab_v3plus", 1), ("unet", 3)])
  func imagesHaveAForm(architecture: String, layers: Int) throws {
    let configuration = ModelConfiguration(
      architecture: architecture,
      modalities: [
        .image("near", channels: 2, height: 17, width: 18), .image("far", channels: 1, height: 17, width: 18),
      ],
      task: PredictionTask(kind: .segmentation, classes: 3), width: 8, heads: 2, layers: layers)
    let graph = try Self.graph(MultimodalModel(configuration))
    #expect(graph.input.map(\.sizes) == ["near: batch, 2, 17, 18", "far: batch, 1, 17, 18", "presence: batch, 2"])
    #expect(graph.output.map(\.sizes) == ["prediction: batch, 3, 17, 18", "representation: batch, 8"])
    try expectWellFormed(graph)
  }

  @Test(arguments: [
    "full", "head", "bitfit", "lora", "adapter", "prompt", "prefix", "ia3", "compacter", "lmf", "concat",
    "cross_attention", "moka", "wander", "prompts", "zero_fill", "mean_fill", "modality_dropout",
    "frozen_modality_dropout", "missing_aware_prompts", "reconstruction", "retrieval",
  ])
  func everyMethodHasAForm(_ method: String) throws {
    let model = try Self.model("encoder_fusion")
    let base = try Self.graph(model)
    _ = try TuningCase(method).install(on: model)
    let graph = try Self.graph(model)
    try expectWellFormed(graph)
    let own = graph.initializer.map(\.name).filter { $0.hasPrefix("attachment.0.") }
    let changesTensorsAlone = [
      "full", "head", "bitfit", "lora", "ia3", "zero_fill", "modality_dropout", "frozen_modality_dropout",
    ]
    #expect(own.isEmpty == changesTensorsAlone.contains(method))
    #expect((graph.node.count == base.node.count) == changesTensorsAlone.contains(method))
    #expect(Set(own).isSubset(of: model.attachments.first?.storage("attachment.0").map(\.key) ?? []))
  }

  @Test(arguments: ["unet", "deeplab_v3plus"], ["adapter", "prompts", "shared_specific"])
  func methodsOfImagesHaveAForm(architecture: String, method: String) throws {
    let model = try MultimodalModel(MapPromptTests.configuration(architecture))
    let base = try Self.graph(model)
    _ = try TuningCase(method).install(on: model)
    let graph = try Self.graph(model)
    try expectWellFormed(graph)
    let own = Set(graph.initializer.map(\.name).filter { $0.hasPrefix("attachment.0.") })
    // The classifier serves the loss alone.
    let keys = model.attachments[0].storage("attachment.0").map(\.key).filter { !$0.contains(".classifier.") }
    #expect(own == Set(keys) && graph.node.count > base.node.count)
  }

  @Test func mergedWeights() throws {
    let model = try Self.model("late_fusion")
    _ = try TuningCase("lora").install(on: model)
    scatter(model)
    let layer = try #require(model.backbone.encoderLayers().first?.layer as? TransformerEncoderLayer)
    let name = "encoders.0.layers.0.self_attn.in_proj_weight"
    let written = try #require(try Self.graph(model).initializer.first { $0.name == name })
    #expect(Array(written.rawData) == layer.attention.inWeight.withBytes(Array.init))
    #expect(Array(written.rawData) != layer.attention.$inWeight.tensor?.withBytes(Array.init))
  }

  @Test func refusals() throws {
    GatedFusion.register()
    #expect {
      try ONNXGraph(of: Self.model("gated_fusion"))
    } throws: {
      refuses($0, "this architecture has no form in ONNX", "gated_fusion")
    }
    let model = try Self.model("late_fusion")
    model.attach(OwnMethod())
    #expect {
      try ONNXGraph(of: model)
    } throws: {
      refuses($0, "this adapter's method has no form in ONNX", "OwnMethod")
    }
    #expect {
      try ONNXGraph(of: Self.model("late_fusion", [.vector("prediction", features: 2), .vector("b", features: 2)]))
    } throws: {
      refuses($0, "a modality has a name that the ONNX graph needs for another tensor", "prediction")
    }
    try GraphBuilder.checkSize(1 << 30)
    #expect {
      try GraphBuilder.checkSize(1 << 31)
    } throws: {
      refuses($0, "the weights are too large for one ONNX file", "2147483648 bytes of weights")
    }
  }

  @Test func constantsAreShared() {
    let builder = GraphBuilder()
    #expect(builder.constant([1, 2]).name == builder.constant([1, 2]).name)
    #expect(builder.constant([1, 2]).name != builder.constant([2, 1]).name)
    #expect(builder.constant(1).name != builder.constant(Float(1)).name)
    #expect(builder.constant([1]).name != builder.constant(1).name)
  }

  @Test func files() throws {
    try withTemporaryFolder { folder in
      let graph = try ONNXGraph(of: Self.model("late_fusion"))
      let path = folder + "/model.onnx"
      try graph.write(to: path)
      let read = try ONNXModelProto(serializedBytes: Data(contentsOf: URL(fileURLWithPath: path)))
      #expect(read == graph.model)
      #expect(read.irVersion == 8 && read.opsetImport.map(\.version) == [18])
      #expect(throws: Fault.self) { try graph.write(to: folder + "/nowhere/model.onnx") }
    }
  }

  private func refuses(_ error: any Error, _ problem: String, _ found: String) -> Bool {
    guard let fault = error as? Fault else { return false }
    return fault.kind == .usage && fault.problem == problem && fault.found == found
  }

  /// Each name means one tensor, and each node reads what is there before it.
  private func expectWellFormed(_ graph: ONNXGraphProto) throws {
    var known = Set(graph.initializer.map(\.name))
    #expect(known.count == graph.initializer.count)
    for input in graph.input { #expect(known.insert(input.name).inserted, "\(input.name)") }
    var read: Set<String> = []
    for node in graph.node {
      for name in node.input where !name.isEmpty { #expect(known.contains(name), "\(node.name) reads \(name)") }
      read.formUnion(node.input)
      for name in node.output { #expect(known.insert(name).inserted, "\(name)") }
    }
    #expect(graph.output.allSatisfy { known.contains($0.name) })
    #expect(graph.initializer.allSatisfy { read.contains($0.name) }, "a tensor that nothing reads")
  }
}

/// A method that somebody else has written.
private final class OwnMethod: Module, Attachment {}

extension ONNXValueInfoProto {
  /// Name and sizes.
  fileprivate var sizes: String {
    let sizes = type.tensorType.shape.dim.map { $0.dimParam.isEmpty ? "\($0.dimValue)" : $0.dimParam }
    return "\(name): \(sizes.joined(separator: ", "))"
  }
}
