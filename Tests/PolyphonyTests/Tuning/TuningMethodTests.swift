import Polyphony
import Testing
import Torch

/// Every tuning method works on every backbone.
@Suite struct TuningMethodTests {
  @Test func allNamesAreKnown() {
    let expected = [
      "full", "head", "bitfit", "lora", "adapter", "prompt", "prefix", "ia3", "compacter", "lmf", "concat",
      "cross_attention", "moka", "wander",
    ]
    #expect(Set(TuningMethods.names).isSuperset(of: expected))
  }

  @Test(arguments: TuningCase.backbones, TuningCase.all)
  func trainsItsOwnPartAndNothingElse(backbone: String, tuning: TuningCase) throws {
    let golden = try Golden(backbone)
    let model = try golden.model()
    model.train(false)
    let base = bytes(model)
    let prediction = try golden.tensor("prediction")
    let before = model(try golden.inputs).prediction.floats
    Libtorch.seed(1)
    let installation = try tuning.install(on: model)
    if tuning.startsAtBase {
      expectClose(model(try golden.inputs).prediction, prediction, 1e-5, "output at the start")
    }

    let trained = Set(model.trainableParameters().map(\.key))
    #expect(try train(model, golden, steps: 2) == trained, "a trained tensor without a gradient in two steps")
    let after = bytes(model)
    for (key, original) in base where !trained.contains(key) {
      #expect(after[key] == original, "\(key) is frozen")
    }
    #expect(trained.contains("out_layer.weight"), "the head is trained")
    #expect(model(try golden.inputs).prediction.floats != before, "training has an effect")
    let tuned = model(try golden.inputs).prediction.floats

    installation.isEnabled = false
    #expect(bytes(model) == base, "switched off, the base is the base")
    #expect(model(try golden.inputs).prediction.floats == before, "switched off, to the bit")
    expectClose(model(try golden.inputs).prediction, prediction, 1e-5, "golden data with the method switched off")
    #expect(model.attachments.isEmpty)

    installation.isEnabled = true
    #expect(model(try golden.inputs).prediction.floats == tuned, "switched on again")
  }

  @Test(arguments: TuningCase.backbones, TuningCase.principal)
  func anAdapterFolderKeepsThePredictions(backbone: String, tuning: TuningCase) throws {
    let golden = try Golden(backbone)
    try withTemporaryFolder { folder in
      let base = folder + "/base"
      try ModelFolder.write(golden.model().backbone, to: base)
      let fingerprint = try ModelFolder.fingerprint(base)
      let (installation, description) = try ModelWithAdapter(base).install(
        tuning.method, settings: try tuning.tree, seed: 4)
      scatter(installation.model)
      try AdapterFolder.write(installation, description, to: folder + "/adapter")
      let expected = installation.model(try golden.inputs).prediction

      let again = try ModelFolder.read(base)
      try AdapterFolder.attach(folder + "/adapter", to: again, base: base)
      expectClose(again(try golden.inputs).prediction, expected, 0, "prediction of the copy")
      #expect(try ModelFolder.fingerprint(base) == fingerprint, "the base's file")
    }
  }

  @Test(arguments: TuningCase.backbones, [true, false])
  func theHeadStaysFrozenWhereAsked(backbone: String, trainsHead: Bool) throws {
    for method in [
      "bitfit", "lora", "adapter", "prompt", "prefix", "ia3", "lmf", "concat", "cross_attention", "moka", "wander",
    ] {
      let model = try Golden(backbone).model()
      _ = try TuningCase(method, "train_head: \(trainsHead)").install(on: model)
      let keys = model.trainableParameters().map(\.key)
      #expect(keys.contains("out_layer.weight") == trainsHead, "\(method)")
      #expect(keys.contains("out_layer.bias") == (trainsHead || method == "bitfit"), "\(method)")
    }
  }

  /// The read-out of a padded batch equals that of each sample alone, without padding.
  @Test(arguments: TuningCase.backbones, TuningCase.principal)
  func paddingChangesNothing(backbone: String, tuning: TuningCase) throws {
    Libtorch.seed(2)
    let modalities = [Modality.sequence("a", features: 3, length: 6), .sequence("b", features: 4, length: 4)]
    let model = try MultimodalModel(
      ModelConfiguration(
        architecture: backbone, modalities: modalities, task: .init(kind: .regression), width: 8, heads: 2, layers: 2,
        dropout: .init()))
    model.backbone.move(to: .cpu, dtype: .float64)
    _ = try tuning.install(on: model)
    scatter(model)
    let values = modalities.map { Tensor.normal([3] + $0.sampleShape, dtype: .float64) }
    let lengths = [[6, 2, 4], [1, 4, 3]]
    let padded = model(Inputs(values, lengths: lengths.map { Tensor($0) })).prediction
    for sample in 0..<3 {
      let alone = values.enumerated().map { $1.slice(0, sample, sample + 1).slice(1, 0, lengths[$0][sample]) }
      expectClose(padded.slice(0, sample, sample + 1), model(Inputs(alone)).prediction, 1e-8, "sample \(sample)")
    }
  }

  /// A prompt without any attention would leave the output unchanged, because it displaces nothing else.
  @Test(arguments: TuningCase.backbones) func promptsMoveNoPositions(backbone: String) throws {
    let golden = try Golden(backbone)
    let model = try golden.model()
    let before = model.backbone.embed(try golden.inputs)
    let positions = model.backbone.encoderLayers().count
    let installation = try TuningCase("prompt", "length: 3").install(on: model)
    let prompt = try #require(installation.method as? PromptTuning)
    let extended = prompt.embedded(before, ForwardContext(try golden.inputs))
    #expect(positions > 0)
    for (tokens, longer) in zip(before, extended) { #expect(longer.length == tokens.length + 3) }
    guard backbone != "early_fusion" else { return }
    let width = before[0].values.size(2)
    let encoder = TransformerEncoder(width: width, heads: 1, layers: 1)
    for (tokens, longer) in zip(before, extended) {
      expectClose(
        encoder.embed(longer.values, mask: nil).slice(1, 3), encoder.embed(tokens.values, mask: nil), 1e-5,
        "the steps that are the sequence's own")
    }
    let back = prompt.encoded(extended, ForwardContext(try golden.inputs))
    #expect(zip(before, back).allSatisfy { $0.length == $1.length })
  }

  @Test func aMissingModalityLeavesTheProduct() throws {
    let golden = try Golden("late_fusion")
    let model = try golden.model()
    let inputs = try golden.inputs
    _ = try TuningCase("wander", TuningCase.small).install(on: model)
    scatter(model)
    var some = inputs
    let count = inputs.count
    some.presence = Tensor((0..<count).flatMap { [true, $0 % 2 == 0, true] }, shape: [count, 3])
    var all = inputs
    all.presence = Tensor.ones([count, 3], dtype: .bool)
    expectClose(model(all).prediction, model(inputs).prediction, 1e-6, "presence of everything")
    let difference = (model(some).prediction - model(all).prediction).abs().floats
    for index in 0..<count { #expect((difference[index] > 0) == (index % 2 != 0), "sample \(index)") }
  }
}
