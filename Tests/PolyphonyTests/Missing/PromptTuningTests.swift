import Foundation
import Polyphony
import Testing
import Torch

/// What tuning with prompts trains, keeps and saves.
@Suite struct PromptTuningTests {
  @Test(arguments: PromptTests.architectures, PromptTests.forms)
  func everyPromptMovesAndTheBaseDoesNot(architecture: String, form: String) throws {
    let model = try MissingFixtures.model(architecture)
    try MissingFixtures.install("prompts", "{form: \(form), length: 3, grid: 4, type: true}", on: model)
    let base = model.copies()
    let start = Dictionary(
      uniqueKeysWithValues: model.attachments[0].parameters().map { ($0.key, $0.storage.tensor!.floats) })
    try MissingFixtures.train(model, MissingFixtures.split(64))
    for (key, stored) in model.attachments[0].parameters() {
      #expect(stored.tensor!.floats != start[key], "\(key) has not moved")
      let gradient = try #require(stored.tensor!.gradient, "\(key) has no gradient")
      #expect(gradient.abs().maximum().item > 0, "\(key) has gradient zero")
    }
    for (key, stored) in model.backbone.storage() {
      let trained = key.hasPrefix("proj.") || key.hasPrefix("out_layer.")
      #expect((stored.tensor!.floats == base[key]) == !trained, "\(key)")
      #expect(stored.tensor!.requiresGradient == trained, "\(key)")
    }
  }

  @Test(arguments: [
    ("{generative: false}", ["signal", "type_prompt", "coupling"]),
    ("{signal: false}", ["generative_prompt", "features", "time", "signal", "type_prompt", "coupling"]),
    ("{type: false}", ["generative_prompt", "features", "time", "signal"]),
    ("{generative: false, signal: false}", ["signal", "type_prompt", "coupling"]),
    ("{generative: false, type: false, projections: false, head: false}", ["signal"]),
  ])
  func kindsCanBeLeftOut(settings: String, kinds: [String]) throws {
    let model = try MissingFixtures.model()
    try MissingFixtures.install("prompts", settings, on: model)
    let keys = model.attachments[0].parameters().map(\.key)
    #expect(Set(keys.map { String($0.split(separator: ".")[0]) }) == Set(kinds))
    let start = Dictionary(
      uniqueKeysWithValues: model.attachments[0].parameters().map { ($0.key, $0.storage.tensor!.floats) })
    try MissingFixtures.train(model, MissingFixtures.split(64))
    for (key, stored) in model.attachments[0].parameters() {
      #expect(stored.tensor!.floats != start[key], "\(key) has not moved")
    }
    #expect(model.backbone.trainableParameters().isEmpty == settings.contains("head: false"))
  }

  @Test func noKindLeftIsAFault() throws {
    let configuration = MissingFixtures.configuration()
    expectFault(.usage) {
      _ = try MissingFixtures.method("prompts", "{generative: false, signal: false, type: false}", configuration)
    }
  }

  /// MOSI's sizes: aligned input takes the published maps; unaligned input takes the light form, and all that is
  /// trained stays under a tenth of the backbone.
  @Test func theFormFollowsFromTheSizes() throws {
    func model(_ lengths: [Int]) throws -> MultimodalModel {
      let modalities = zip(["text", "audio", "vision"], zip([300, 5, 20], lengths)).map {
        Modality.sequence($0, features: $1.0, length: $1.1)
      }
      return try MultimodalModel(
        ModelConfiguration(
          architecture: "mult", modalities: modalities, task: PredictionTask(kind: .regression), width: 30, heads: 5,
          layers: 5))
    }
    let aligned = try model([50, 50, 50])
    let size = aligned.parameterCount.total
    #expect(size == 1_071_211, "the published backbone's parameters")
    try MissingFixtures.install("prompts", on: aligned)
    #expect((aligned.attachments[0] as? MissingModalityPrompts)?.form == .published)
    #expect(aligned.parameterCount.trainable == 88_141, "8.2 %, as in the published code")

    let unaligned = try model([50, 375, 500])
    try MissingFixtures.install("prompts", on: unaligned)
    #expect((unaligned.attachments[0] as? MissingModalityPrompts)?.form == .light)
    #expect(unaligned.parameterCount.trainable * 10 < size, "\(unaligned.parameterCount.trainable) of \(size)")

    let forced = try model([50, 375, 500])
    try MissingFixtures.install("prompts", "{form: published}", on: forced)
    #expect(forced.parameterCount.trainable == 1_115_666, "104 %, as in the published code")
  }

  @Test(arguments: [
    "prompts", "missing_aware_prompts", "reconstruction", "retrieval", "mean_fill", "modality_dropout", "zero_fill",
  ])
  func adaptersComeBack(name: String) throws {
    try withTemporaryFolder { folder in
      let data = MissingFixtures.split(24)
      try ModelFolder.write(MissingFixtures.model().backbone, to: "\(folder)/base")
      let fingerprint = try ModelFolder.fingerprint("\(folder)/base")
      let model = try ModelFolder.read("\(folder)/base")
      let (method, settings) = try MissingFixtures.method(name, "", model.configuration)
      let installation = try Installation(method, on: model)
      try method.fit(data.samples, on: model)
      try MissingFixtures.train(model, data, strategy: method.stepHook)
      try AdapterFolder.write(
        installation,
        AdapterDescription(method: name, settings: settings, base: "\(folder)/base", fingerprint: fingerprint),
        to: "\(folder)/adapter")
      let again = try ModelFolder.read("\(folder)/base")
      try AdapterFolder.attach("\(folder)/adapter", to: again, base: "\(folder)/base")
      let inputs = MissingFixtures.split(7, patterns: true, seed: 9).samples.inputs
      expectClose(again(inputs).prediction, model(inputs).prediction, 1e-5, "predictions")
      for (left, right) in zip(again.attachments[0].storage(), model.attachments[0].storage()) {
        #expect(left.storage.tensor!.floats == right.storage.tensor!.floats, "\(left.key)")
      }
      #expect(again.handlesMissingModalities)
      #expect(try ModelFolder.fingerprint("\(folder)/base") == fingerprint, "the base on disk is as it was")

      try ModelFolder.write(MissingFixtures.model(seed: 4).backbone, to: "\(folder)/other")
      let other = try ModelFolder.read("\(folder)/other")
      let fault = expectFault(.usage) {
        try AdapterFolder.attach("\(folder)/adapter", to: other, base: "\(folder)/other")
      }
      #expect(fault?.key == "base_sha256")
    }
  }

  @Test func modelsThatPromptsDoNotServe() throws {
    let one = try MissingFixtures.model("late_fusion", [.sequence("text", features: 4, length: 3)])
    expectFault(.usage) { try MissingFixtures.install("prompts", on: one) }
    expectFault(.usage) { _ = try MissingFixtures.model("prompted_mult", [.sequence("text", features: 4, length: 3)]) }
    let many = (0..<7).map { Modality.vector("m\($0)", features: 2) }
    let seven = try MissingFixtures.model("late_fusion", many)
    expectFault(.usage) { try MissingFixtures.install("prompts", "{form: published}", on: seven) }
    expectFault(.usage) { try MissingFixtures.install("missing_aware_prompts", on: seven) }
    try MissingFixtures.install("prompts", on: seven)
  }
}
