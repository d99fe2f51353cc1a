import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Every method changes its own tensors and no others.
@Suite struct AdaptedTensorsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var method: String
    var architecture: String
    var kind: PredictionTask.Kind
    var isOnline: Bool
    var testDescription: String { "\(method) \(architecture) \(kind.rawValue) \(isOnline ? "online" : "offline")" }
  }

  static let cases: [Case] = AdaptationMethods.names.flatMap { method in
    ["late_fusion", "early_fusion", "encoder_fusion", "mult"].flatMap { architecture in
      [PredictionTask.Kind.regression, .classification].flatMap { kind in
        [false, true].map { Case(method: method, architecture: architecture, kind: kind, isOnline: $0) }
      }
    }
  }

  static let images: [Case] = AdaptationMethods.names.filter { $0 != "read" && $0 != "ssa" }.flatMap { method in
    [false, true].map { Case(method: method, architecture: "deeplab_v3plus", kind: .segmentation, isOnline: $0) }
  }

  @Test(arguments: cases + images) func onlyTheseTensorsChange(_ test: Case) throws {
    var adapting = Adapting.named(test.method, online: test.isOnline)
    (adapting.architecture, adapting.kind) = (test.architecture, test.kind)
    // The snapshots of `casp-pseudo` differ by dropout.
    adapting.dropout = test.method == "casp-pseudo" ? 0.2 : 0
    if test.kind == .segmentation { (adapting.count, adapting.modalities) = (8, 2) }
    let model = try adapting.model()
    let before = bytes(model)
    let method = try adapting.makeMethod()
    let outcome = try ownRandomNumbers { try adapting.loop(model, method: method).run(isStopped: { false }) }
    let after = bytes(model)
    let changed = Set(before.keys.filter { before[$0] != after[$0] })
    var allowed = method.tensors.keys(in: model.backbone)
    let trainable = Set(model.trainableParameters().map(\.key))
    let added = model.attachments.enumerated().flatMap { index, attachment in
      attachment.parameters().map { "attachment.\(index).\($0.key)" }
    }
    #expect(trainable == allowed.union(added), "frozen tensors ask for no gradients")
    if method.tensors.changesStatistics {
      allowed.formUnion(model.backbone.storage().filter { !$0.storage.isTrainable }.map(\.key))
    }
    #expect(changed.isSubset(of: allowed), "\(changed.subtracting(allowed).sorted().first ?? "")")
    let isIdle = ["source", "inputs"].contains(test.method) || (test.method == "norm" && test.kind != .segmentation)
    #expect(changed.isEmpty == isIdle, "\(changed.count) of \(allowed.count) changed")
    #expect(outcome.prediction.size(0) == adapting.count)
    #expect(outcome.returns.isEmpty, "\(outcome.returns)")
    #expect(outcome.parameters.adapted == model.parameterCount.trainable)
  }

  @Test func whichKeysAreMeant() throws {
    let model = try Tiny.model(Tiny.configuration("encoder_fusion"))
    let layers = AdaptedTensors(.norms).keys(in: model.backbone)
    #expect(layers.allSatisfy { $0.contains("layer_norms.") } && layers.count == 4 * 4, "three encoders, a fusion")
    let all = AdaptedTensors(.norms, lastNorm: true).keys(in: model.backbone)
    #expect(all.subtracting(layers).sorted().first == "encoders.0.layer_norm.bias" && all.count == layers.count + 8)
    let attention = AdaptedTensors(.attention).keys(in: model.backbone)
    #expect(attention == ["fusion.layers.0.self_attn.in_proj_weight", "fusion.layers.0.self_attn.in_proj_bias"])
    let late = try Tiny.model(Tiny.configuration("late_fusion"))
    #expect(AdaptedTensors(.attention).keys(in: late.backbone).count == 6, "they meet in the head: all encoders")
    var deep = Tiny.configuration("early_fusion")
    deep.layers = 5
    let quarter = AdaptedTensors(.norms, skippedLayers: nil).keys(in: try Tiny.model(deep).backbone)
    #expect(quarter.count == 16 && !quarter.contains { $0.contains("layers.4.") })
  }

  @Test func attentionNeedsAttention() throws {
    var adapting = Adapting.named("read")
    (adapting.architecture, adapting.kind, adapting.count) = ("deeplab_v3plus", .segmentation, 2)
    let fault = #expect(throws: Fault.self) { try adapting.loop(adapting.model()) }
    #expect(fault?.kind == .usage && fault?.found == "read")
  }

  @Test func lastNormsByASetting() throws {
    var adapting = Adapting.named("casp")
    adapting.settings += ", last_norm: true"
    let model = try adapting.model()
    let before = bytes(model)
    _ = try adapting.loop(model).run(isStopped: { false })
    #expect(bytes(model)["encoders.0.layer_norm.weight"] != before["encoders.0.layer_norm.weight"])
  }
}
