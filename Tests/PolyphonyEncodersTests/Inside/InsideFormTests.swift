import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyEncoders
@testable import PolyphonySettings
@testable import PolyphonySupport

/// Encoders of texts, pictures and sounds are parts of models in one way.
@Suite struct InsideFormTests {
  /// The states in a model are those of the encoder alone, bit by bit, sample by sample.
  @Test(arguments: InsideInput.all) func statesAreThoseOfTheEncoderAlone(input: InsideInput) throws {
    let model = try InsideModel.make(of: input)
    let samples = InsideModel.split(count: 5, of: input).samples
    let found = noGrad { model.backbone.encoded(samples.inputs) }
    #expect(found.modalities[0].shape == [5, input.states, input.width])
    let (configuration, encoder) = try input.alone()
    let values = samples.inputs.modalities[0]
    for row in 0..<5 {
      let expected: Tensor = try noGrad {
        switch input.kind {
        case .tokens:
          return try encoder(tokens: values, mask: samples.inputs.mask(0)).hidden()[row].slice(0, 0, 1 + row)
        case .pixels:
          let preparation = try PicturePreparation(encoder.family, configuration, nil)
          return try encoder(pixels: preparation.normalised(values), layer: -1).hidden()[row]
        default:
          let sound = values[row].unsqueezed(0).slice(1, 0, 170 - 11 * row).to(.float32) / 32_768
          return try encoder(waveform: WaveformPreparation(nil)(sound), layer: -1).hidden()[0]
        }
      }
      let length = expected.size(0)
      #expect(found.modalities[0][row].slice(0, 0, length).floats == expected.floats)
      #expect(found.modalities[0][row].slice(0, length).abs().sum().item == 0, "padding is zero")
      #expect(found.lengths[0]?.integers[row] ?? input.states == length)
    }
  }

  /// A missing input is not read, and its states are zero.
  @Test(arguments: InsideInput.forms) func missingInputsAreNotRead(input: InsideInput) throws {
    let model = try InsideModel.make(of: input)
    var inputs = InsideModel.split(count: 4, of: input).samples.inputs
    inputs.presence = Tensor([true, true, false, true, true, true, false, true], shape: [4, 2])
    let expected = InsideModel.prediction(model, inputs)
    let zeros = inputs.modalities[0].zerosLike()
    let isMissing = Tensor([false, true, false, true]).reshaped(to: [4] + input.modality.sampleShape.map { _ in 1 })
    inputs.modalities[0] = zeros.selected(where: isMissing, otherwise: inputs.modalities[0])
    #expect(InsideModel.prediction(model, inputs) == expected)
    inputs.modalities[0] = zeros
    #expect(InsideModel.prediction(model, inputs) != expected)
    inputs.presence = Tensor([false, true, false, true, false, true, false, true], shape: [4, 2])
    #expect(InsideModel.prediction(model, inputs).allSatisfy { $0.isFinite }, "a batch without the modality")
  }

  /// A folder reads back to the same bits, and needs no encoder's folder.
  @Test(arguments: InsideInput.forms) func foldersHoldTheEncoder(input: InsideInput) throws {
    try withFolder { folder in
      let model = try InsideModel.make(of: input)
      try ModelFolder.write(model.backbone, to: "\(folder)/model")
      let inputs = InsideModel.split(of: input).samples.inputs
      let again = try ModelFolder.read("\(folder)/model")
      #expect(again.configuration.inputModalities == model.configuration.inputModalities)
      #expect(InsideModel.prediction(again, inputs) == InsideModel.prediction(model, inputs))
    }
  }

  /// The states of a frozen encoder, once computed, give the same predictions.
  @Test(arguments: InsideInput.forms) func frozenEncodersRunOnce(input: InsideInput) throws {
    let model = try InsideModel.make(of: input)
    let split = InsideModel.split(count: 40, of: input)
    let encoder = try #require(model.backbone.inputEncoders[input.modality.name])
    encoder.freeze()
    let states = split.withFixedStates(of: model.backbone).samples
    #expect(states.inputs.modalities[0].shape == [40, input.states, input.width])
    let (once, again) = (
      InsideModel.prediction(model, states.inputs), InsideModel.prediction(model, split.samples.inputs)
    )
    #expect(InsideModel.close(once, again))
    #expect(Set(once).count > 30, "the predictions differ between samples")
    encoder.unfreeze()
    let raw = split.withFixedStates(of: model.backbone).samples.inputs.modalities[0]
    #expect(raw === split.samples.inputs.modalities[0])
  }

  /// Each choice of what is trained moves that and nothing else, the statistics of batch norms least of all.
  @Test(arguments: InsideInput.forms, [EncoderTraining.none, .last(1), .all, .lora])
  func trains(input: InsideInput, training: EncoderTraining) throws {
    let model = try InsideModel.make(of: input)
    let name = input.modality.name
    let isConvolutional = input.encoder.hasPrefix("resnet")
    guard training != .lora || !isConvolutional else {
      #expect(throws: Fault.self) { try training.apply(to: model, name) }
      return
    }
    try training.apply(to: model, name)
    let trainable = Set(model.backbone.trainableParameters().map(\.key))
    let before = InsideModel.state(model)
    try InsideModel.train(model, of: input)
    let after = InsideModel.state(model)
    let moved = Set(before.keys.filter { before[$0] != after[$0] && $0.hasPrefix("encoders.\(name).") })
    #expect(moved.isSubset(of: trainable))
    switch training {
    case .none, .lora: #expect(moved.isEmpty)
    case .last:
      let layers = ["bert": "layer", "vit": "layer", "resnet-basic": "stages", "wav2vec2": "layers"]
      let last = "encoders.\(name).encoder.\(layers[input.encoder] ?? "").1."
      #expect(!moved.isEmpty && moved.allSatisfy { $0.hasPrefix(last) }, "\(moved)")
    case .all: #expect(moved.count > trainable.count / 4)
    }
    #expect(!moved.contains { $0.contains("running") || $0.contains("num_batches") })
    try withFolder { folder in
      try ModelFolder.write(model.backbone, to: "\(folder)/model")
      let inputs = InsideModel.split(of: input).samples.inputs
      let again = try ModelFolder.read("\(folder)/model")
      #expect(InsideModel.prediction(again, inputs) == InsideModel.prediction(model, inputs))
    }
  }

  /// Gradients reach every weight that the states depend on.
  @Test(arguments: [InsideInput.pictures[0], .pictures[4], .pictures[5], .sounds[0], .sounds[3], .texts[1]])
  func gradientsReachTheEncoder(input: InsideInput) throws {
    let model = try InsideModel.make(of: input)
    model(InsideModel.split(of: input).samples.inputs).prediction.squared().sum().backward()
    let unread = ["post_layernorm", "key.bias", "k_proj.bias", "rel_attn_embed", "embeddings"]
    for (key, stored) in model.backbone.parameters() where key.hasPrefix("encoders.\(input.modality.name).") {
      guard !unread.contains(where: key.contains) else { continue }
      #expect((stored.tensor?.gradient?.abs().maximum().item ?? 0) > 0, "no gradient in \(key)")
    }
  }

  /// Methods reach the layers of any transformer, and adaptation its norms.
  @Test(arguments: [InsideInput.pictures[0], .sounds[0]], ["lora", "adapter", "prefix", "prompts", "wander"])
  func tuning(input: InsideInput, name: String) throws {
    let model = try InsideModel.make(of: input)
    let inputs = InsideModel.split(of: input).samples.inputs
    let base = InsideModel.prediction(model, inputs)
    let configuration = model.configuration
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try TuningMethods.maker(name)(reader, configuration)
    }.value
    let installation = try Installation(method, on: model, name: name)
    try InsideModel.train(model, epochs: 2, of: input)
    let inside = model.trainableParameters().filter { $0.key.contains("encoders.\(input.modality.name).") }
    #expect(inside.isEmpty == ["prompts", "wander"].contains(name))
    #expect(InsideModel.prediction(model, inputs) != base)
    installation.isEnabled = false
    #expect(InsideModel.prediction(model, inputs) == base, "a method that is off leaves the base's bits")
    let keys = AdaptedTensors(.norms).keys(in: model.backbone)
    let norms = keys.filter { $0.hasPrefix("encoders.\(input.modality.name).") }
    #expect(!norms.isEmpty && norms.allSatisfy { $0.contains("norm") })
  }

  /// A strategy scales the gradients of a picture's encoder with those of its modality.
  @Test func balancingReachesTheEncoder() throws {
    let input = InsideInput.pictures[5]
    let model = try InsideModel.make("encoder_fusion", of: input)
    let groups = EncoderGroups.make(model, TrainingSettings())
    #expect(groups.map(\.name) == ["shared", "encoder.faces", "encoder.faces.pretrained", "encoder.audio"])
    let strategy = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try BalancingMethods.maker("cggm")(reader, model)
    }.value
    let before = InsideModel.state(model)
    try InsideModel.train(model, epochs: 2, hook: strategy, of: input)
    let key = "encoders.faces.encoder.stages.0.layers.0.layer.0.convolution.weight"
    #expect(InsideModel.state(model)[key] != before[key])
  }

  /// An encoder refuses inputs of another kind, size or rate when the model is made.
  @Test func refusesInputs() throws {
    func expect(_ input: InsideInput, _ mention: String, _ change: (inout InsideEncoder) -> Void) throws {
      var configuration = try InsideModel.configuration(of: input)
      var encoder = try #require(configuration.encoders?[input.modality.name])
      change(&encoder)
      configuration.encoders = [input.modality.name: encoder]
      let fault = #expect(throws: Fault.self) { try MultimodalModel(configuration) }
      #expect(fault.map { "\($0)" }?.contains(mention) == true, "\(fault.map { "\($0)" } ?? "no fault")")
    }
    let (faces, sound) = (InsideInput.pictures[0], InsideInput.sounds[0])
    try expect(faces, "10 states of width 16") { ($0.input.height, $0.input.width) = (12, 12) }
    try expect(faces, "at least 4×4 pixels") { ($0.input.height, $0.input.width) = (3, 12) }
    try expect(faces, "red, green and blue") { $0.input.channels = 1 }
    try expect(faces, "reads no pixels") {
      $0.network = (try? InputEncoders.configuration(of: ReferenceEncoder.folder("bert"))) ?? .null
    }
    try expect(faces, "the encoder of the pixels") { $0.input.encoder = nil }
    try expect(sound, "the rate of the encoder") { $0.input.sampleRate = 8000 }
    try expect(sound, "at least 30 at 16000 a second") {
      $0.input.sampleRate = 8000
      $0.input.encoder?.rate = 8000
    }
    try expect(sound, "at least 30 at 16000 a second") { $0.input.length = 12 }
    try expect(sound, "6 states of width 16") { $0.input.length = 130 }
    try expect(sound, "as the encoder reads") { $0.input.length = 500_000 }
    try expect(sound, "encoders.sound.input") { $0.input.kind = .sequence }
  }

  /// Data of another form is refused before the model reads it.
  @Test func checksData() throws {
    let configuration = try InsideModel.configuration(of: InsideInput.pictures[0])
    func split(_ pixels: Tensor) -> UnlabelledSplit {
      UnlabelledSplit(name: "test", inputs: Inputs([pixels, .zeros([2, 4, 3])]))
    }
    try split(.zeros([2, 3, 8, 8], dtype: .uint8)).check(for: configuration)
    for pixels in [Tensor.zeros([2, 3, 8, 9], dtype: .uint8), .zeros([2, 3, 8, 8])] {
      #expect(throws: Fault.self) { try split(pixels).check(for: configuration) }
    }
    let faces = configuration.inputModalities[0]
    #expect(try faces.rawInputs(Tensor([0, 255] as [Float]), file: nil).dtype == .uint8)
    for numbers in [[0.5], [256], [-1]] as [[Float]] {
      #expect(throws: Fault.self) { try faces.rawInputs(Tensor(numbers), file: nil) }
    }
  }
}
