import Testing
import Torch

@testable import Polyphony

/// The U-Net's stages, its defaults and its limits. `GoldenModelTests` has its numbers.
@Suite struct UNetTests {
  private func configuration(_ size: [Int], layers: Int, modalities count: Int = 2) -> ModelConfiguration {
    var configuration = Tiny.configuration("unet", .segmentation, modalities: count, width: 4)
    configuration.modalities = (0..<count).map { .image("m\($0)", channels: 1 + $0, height: size[0], width: size[1]) }
    configuration.layers = layers
    return configuration
  }

  @Test(arguments: [[16, 16], [17, 23]], [1, 3])
  func shapesOfEveryStage(size: [Int], layers: Int) throws {
    let configuration = configuration(size, layers: layers)
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration, count: 2)
    let output = model(batch.inputs, encodings: true)
    func reduced(_ times: Int) -> [Int] { size.map { (0..<times).reduce($0) { half, _ in (half + 1) / 2 } } }
    #expect(output.prediction.shape == [2, 4] + size)
    #expect(output.features.shape == [2, 4] + size)
    #expect(output.pooled.shape == [2, 4])
    #expect(output.encoded[1].map.shape == [2, 4 << (layers - 1)] + reduced(layers - 1))
    #expect(output.encoded[1].details.map(\.shape) == (0..<layers - 1).map { [2, 4 << $0] + reduced($0) })
    #expect(model.backbone.encodedWidth == 4 << (layers - 1))
    TaskLoss(configuration.task)(output.prediction, batch.target).backward()
    for (key, stored) in model.backbone.parameters() { #expect(stored.tensor?.gradient != nil, "\(key)") }
  }

  @Test func aHookSeesEveryResolutionBelowTheFirst() throws {
    let configuration = configuration([16, 20], layers: 3)
    let backbone = try Tiny.model(configuration).backbone
    let embedded = backbone.embed(Tiny.batch(configuration, count: 2).inputs)
    var seen: [Int] = []
    let hooked = backbone.encode(embedded) { layer, tokens in
      seen.append(layer)
      return tokens.map { Tokens($0.values) }
    }
    #expect(seen == [0, 1])
    let plain = backbone.encode(embedded, afterLayer: nil)
    expectClose(hooked[1].values, plain[1].values, 0, "unchanged")
    // Tokens that a method has made anew lack the finer maps.
    #expect(backbone.fuse(hooked.map { Tokens($0.values) })[0].map.shape == [2, 4, 16, 20])
  }

  @Test func aClassifierReadsOneImage() throws {
    let configuration = configuration([16, 20], layers: 3)
    let model = try Tiny.model(configuration)
    let classifiers = ModalityClassifiers(model, layers: 1)
    let readings = classifiers(model(Tiny.batch(configuration, count: 2).inputs, encodings: true).encoded)
    #expect(readings.map(\.prediction.shape) == [[2, 4, 16, 20], [2, 4, 16, 20]])
    readings.map { $0.prediction.pow(2).sum() }.reduce(Tensor(0, dtype: .float32), +).backward()
    for (key, stored) in classifiers.parameters() { #expect(stored.tensor?.gradient != nil, "\(key)") }
    #expect(model.backbone.parameters().allSatisfy { $0.storage.tensor?.gradient == nil })
  }

  @Test func imagesLimitTheResolutions() {
    let fault = expectFault(.usage) { _ = try MultimodalModel(configuration([16, 9], layers: 4)) }
    #expect(fault?.key == "model.layers" && fault?.expected == "at most 3")
  }

  @Test func itsRecipeHasItsOwnDefaults() throws {
    func recipe(_ text: String) throws -> TrainingRecipe {
      try SettingsReader.read(SettingsTree(yaml: text, file: "test")) { (reader) throws(Fault) in
        try TrainingRecipe(reader)
      }.value
    }
    let (unet, other) = (try recipe("model: {architecture: unet}"), try recipe("model: {architecture: deeplab_v3plus}"))
    let defaults = Architectures.defaults(of: "unet")
    #expect(unet.model.width == defaults.width && unet.model.layers == defaults.layers)
    #expect(unet.training == defaults.training && !unet.training.augment.isEmpty)
    #expect(other.training == TrainingSettings() && other.model.width == 40)
    #expect(try recipe("{model: {architecture: unet}, training: {augment: []}}").training.augment.isEmpty)
  }

  @Test func testTimeAdaptationFindsItsNorms() throws {
    let backbone = try Tiny.model(configuration([16, 16], layers: 2)).backbone
    let keys = AdaptedTensors(.norms).keys(in: backbone)
    #expect(keys.contains("encoders.1.stages.0.norm2.weight") && keys.contains("decoder.stages.0.norm1.bias"))
    #expect(keys.allSatisfy { $0.contains(".norm") })
  }

  @Test func lowRankUpdatesOfItsConvolutions() throws {
    let configuration = configuration([16, 16], layers: 2)
    let model = try Tiny.model(configuration)
    let inputs = Tiny.batch(configuration, count: 2).inputs
    let before = model(inputs).prediction
    let installation = try TuningCase("lora", "rank: 2").install(on: model)
    expectClose(model(inputs).prediction, before, 0, "the start is the base's")
    // Two encoders of two blocks and the decoder's one: ten convolutions.
    let updates = model.attachments[0].parameters()
    #expect(updates.count == 20 && updates[0].key == "modules.encoders.0.stages.0.conv1.lora_A.weight")
    #expect(updates.map(\.storage.tensor!.shape).contains([8, 2, 1, 1]))
    scatter(model)
    let tuned = model(inputs).prediction
    #expect(tuned.floats != before.floats)
    installation.isEnabled = false
    expectClose(model(inputs).prediction, before, 0, "switched off")
    let fault = expectFault(.usage) { _ = try TuningCase("compacter").install(on: model) }
    #expect(fault?.expected == "full, head, bitfit, lora or adapter for unet")
  }

  @Test(arguments: [("unet", 5), ("deeplab_v3plus", 8)])
  func bottlenecksBehindItsBlocks(architecture: String, count: Int) throws {
    var configuration = configuration([16, 16], layers: 2)
    configuration.architecture = architecture
    if architecture == "deeplab_v3plus" { configuration.layers = 1 }
    let model = try Tiny.model(configuration)
    model.train(false)
    let inputs = Tiny.batch(configuration, count: 2).inputs
    let before = model(inputs)
    let installation = try TuningCase("adapter", "bottleneck: 3").install(on: model)
    expectClose(model(inputs).prediction, before.prediction, 0, "the start is the base's")
    let adapters = Dictionary(
      uniqueKeysWithValues: model.attachments[0].parameters().map { ($0.key, $0.storage.tensor!) })
    #expect(adapters.count == 4 * count)
    #expect(
      Set(model.trainableParameters().map(\.key)).subtracting(adapters.keys.map { "attachment.0.\($0)" })
        == ["out_layer.weight", "out_layer.bias"])
    model(inputs).prediction.squared().sum().backward()
    for (key, tensor) in adapters where key.contains(".up.") {
      #expect(try #require(tensor.gradient).abs().maximum().item > 0, "\(key) reaches the prediction")
    }
    guard architecture == "unet" else { return }
    // With values in the last block's adapter alone, r becomes r + W GELU(V r + a) + b at each place.
    let key = "layers.decoder.stages.0"
    let generator = Generator(seed: 2)
    let weights = ["down.weight", "down.bias", "up.weight", "up.bias"].map { name in
      let tensor = adapters["\(key).\(name)"]!
      noGrad { tensor.copyInPlace(from: .normal(tensor.shape, generator: generator)) }
      return tensor
    }
    let r = before.representation.permuted(0, 2, 3, 1)
    let hidden = (r.matmul(weights[0].transposed()) + weights[1]).gelu()
    let expected = r + hidden.matmul(weights[2].transposed()) + weights[3]
    expectClose(model(inputs).representation.permuted(0, 2, 3, 1), expected, 1e-5, "by the formula")
    installation.isEnabled = false
    expectClose(model(inputs).prediction, before.prediction, 0, "switched off")
    let fault = expectFault(.usage) { _ = try TuningCase("adapter", "variant: houlsby").install(on: model) }
    #expect(fault?.key == "tuning.variant" && fault?.expected == "pfeiffer")
  }
}
