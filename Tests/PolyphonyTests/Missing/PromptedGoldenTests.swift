import Polyphony
import Testing
import Torch

/// `prompted_mult` as published: all seven patterns in one batch.
@Suite struct PromptedGoldenTests {
  @Test func predictionsLossAndEveryGradientMatch() throws {
    let golden = try Golden("prompted_mult")
    let model = try golden.model()
    let inputs = try golden.inputs
    #expect(Set(MissingPatternCodes.of(inputs)).count == 7, "the batch has all patterns")
    let prediction = model(inputs).prediction
    expectClose(prediction, try golden.tensor("prediction"), 1e-5, "prediction")
    let loss = try golden.loss(prediction)
    expectClose(loss.reshaped(1), try golden.tensor("loss"), 1e-5, "loss")
    loss.backward()
    var compared = 0
    for (key, stored) in model.backbone.parameters() {
      let gradient = try #require(stored.tensor?.gradient, "no gradient for \(key)")
      expectClose(gradient, try golden.tensor("grad.\(model.backbone.fileKey(key))"), 1e-4, "gradient of \(key)")
      compared += 1
    }
    #expect(compared == (try golden.weights.count), "every published tensor has been compared")
  }

  @Test func aFolderHasThePublishedNames() throws {
    let golden = try Golden("prompted_mult")
    try withTemporaryFolder { folder in
      try ModelFolder.write(golden.model().backbone, to: folder + "/model")
      let names = Set(try SafetensorsFile(path: folder + "/model/model.safetensors").entries.map(\.name))
      #expect(names == Set(try golden.weights.keys))
      let again = try ModelFolder.read(folder + "/model")
      expectClose(again(try golden.inputs).prediction, try golden.tensor("prediction"), 1e-5, "prediction of the copy")
      #expect(again.handlesMissingModalities)
      #expect(again.attachments.isEmpty, "its prompts are its own")
    }
  }

  /// Grouped by pattern or one by one: the same predictions and the same gradients.
  @Test func groupsEqualSingleSamples() throws {
    let golden = try Golden("prompted_mult")
    let (together, single) = (try golden.model(), try golden.model())
    for model in [together, single] { model.move(to: .cpu, dtype: .float64) }
    let inputs = try golden.inputs.double
    let all = together(inputs).prediction
    all.sum().backward()
    var rows: [Tensor] = []
    for row in 0..<inputs.count {
      let one = single(inputs.rows(Tensor([row]))).prediction
      one.sum().backward()
      rows.append(one)
    }
    expectClose(.concatenated(rows), all, 1e-10, "predictions one by one")
    for (left, right) in zip(single.backbone.parameters(), together.backbone.parameters()) {
      expectClose(left.storage.tensor!.gradient!, right.storage.tensor!.gradient!, 1e-9, "gradient of \(left.key)")
    }
  }

  /// The stage-by-stage way and the joined one agree.
  @Test func stagesEqualTheWhole() throws {
    let golden = try Golden("prompted_mult")
    let model = try golden.model()
    expectClose(
      model(try golden.inputs, encodings: true).prediction, try golden.tensor("prediction"), 1e-5, "stage by stage")
  }

  @Test func featuresAsManyAsTheWidthAreProjectedToo() throws {
    let model = try MissingFixtures.model(
      "prompted_mult", [.sequence("a", features: 8, length: 3), .vector("b", features: 8)])
    #expect(model.backbone.parameters().contains { $0.key == "proj.a.weight" })
    #expect(
      model(MissingFixtures.split(3, model.configuration.modalities, patterns: true).samples.inputs).prediction.isFinite
    )
  }

  /// Tuning a `prompted_mult` trains what the published code trains, and adds nothing.
  @Test func tuningTrainsItsOwnPrompts() throws {
    let model = try Golden("prompted_mult").model()
    try MissingFixtures.install("prompts", on: model)
    #expect(model.attachments.isEmpty)
    for (key, stored) in model.backbone.parameters() {
      let frozen = ["cross.", "memory.", "proj1.", "proj2."].contains { key.hasPrefix($0) }
      #expect(stored.tensor!.requiresGradient == !frozen, "\(key)")
    }
  }
}

enum MissingPatternCodes {
  static func of(_ inputs: Inputs) -> [Int] {
    guard let presence = inputs.presence?.integers else { return [] }
    let width = inputs.modalities.count
    return (0..<inputs.count).map { row in (0..<width).reduce(0) { $0 + presence[row * width + $1] << $1 } }
  }
}
