import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyEncoders
@testable import PolyphonySupport

/// What a model with a pretrained encoder inside computes, and how it is kept.
@Suite struct InsideModelTests {
  /// The same backbone with the encoder's features in place of texts gives the same predictions.
  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult"])
  func predictsLikeFeaturesBeforeTheModel(architecture: String) throws {
    var configuration = try InsideModel.configuration(architecture)
    configuration.normalization = [
      "text": FeatureStatistics(
        mean: (0..<16).map { Float($0) / 10 }, deviation: (0..<16).map { 1 + Float($0) / 8 })
    ]
    let inside = try InsideModel.make(configuration)
    configuration.encoders = nil
    let before = try MultimodalModel(configuration)
    let own = inside.backbone.state().filter { !$0.key.hasPrefix("encoders.text.") }
    try before.backbone.load(Dictionary(uniqueKeysWithValues: own.map { ($0.key, $0.tensor) }))
    let samples = InsideModel.split().samples
    var features = samples.inputs
    let encoder = try PretrainedEncoder(ReferenceEncoder.folder("bert"))
    features.modalities[0] = try encoder(tokens: samples.inputs.modalities[0], mask: samples.inputs.mask(0)).hidden()
    for presence in [nil, Tensor((0..<24).map { $0 % 4 != 0 }, shape: [12, 2])] {
      var (texts, numbers) = (samples.inputs, features)
      (texts.presence, numbers.presence) = (presence, presence)
      let expected = InsideModel.prediction(before, numbers)
      #expect(InsideModel.close(InsideModel.prediction(inside, texts), expected))
      #expect(Set(expected).count == 12, "the predictions differ between samples")
    }
  }

  /// A token that is lost, padding, or of a missing text is not read.
  @Test func readsOnlyWhatIsThere() throws {
    let model = try InsideModel.make()
    var inputs = InsideModel.split().samples.inputs
    inputs.kept[0] = Tensor((0..<84).map { $0 % 7 != 1 }, shape: [12, 7])
    inputs.presence = Tensor((0..<24).map { $0 != 22 }, shape: [12, 2])
    let expected = InsideModel.prediction(model, inputs)
    var changed = inputs
    var tokens = inputs.modalities[0].integers
    // The second token of every sample is lost, sample 0 has one token, and sample 11 has no text.
    for row in 0..<12 { tokens[row * 7 + 1] = 39 }
    tokens[3] = 38
    for step in 1..<7 { tokens[77 + step] = 37 }
    changed.modalities[0] = Tensor(tokens, shape: [12, 7])
    #expect(InsideModel.prediction(model, changed) == expected)
    changed.kept[0] = nil
    #expect(InsideModel.prediction(model, changed) != expected)
  }

  /// A folder reads back to the same bits, and needs no encoder's folder.
  @Test func foldersHoldTheEncoder() throws {
    try withFolder { folder in
      let model = try InsideModel.make()
      try ModelFolder.write(model.backbone, to: "\(folder)/model")
      let names = try SafetensorsFile(path: "\(folder)/model/model.safetensors").entries.map(\.name)
      #expect(names.contains("encoders.text.encoder.layer.0.attention.self.query.weight"))
      #expect(names.contains("encoders.0.layers.0.fc1.weight"))
      let inputs = InsideModel.split().samples.inputs
      let again = try ModelFolder.read("\(folder)/model")
      #expect(again.configuration == model.configuration)
      #expect(InsideModel.prediction(again, inputs) == InsideModel.prediction(model, inputs))
    }
  }

  /// Broken configurations are refused before anything is made.
  @Test(
    arguments: [
      ("\"hidden_size\" : 16", "\"hidden_size\" : 32", "width 32"),
      ("\"vocab_size\" : 40", "\"vocab_size\" : 41", "41 different tokens"),
      ("\"max_position_embeddings\" : 20", "\"max_position_embeddings\" : 6", "at most 6"),
      ("\"num_hidden_layers\" : 2", "\"num_hidden_layers\" : 3", "encoder.layer.2"),
      ("\"hidden_size\" : 16", "\"hidden_size\" : \"wide\"", "hidden_size"),
      ("\"model_type\" : \"bert\"", "\"model_type\" : \"vit\"", "model_type"),
      ("\"kind\" : \"sequence\",\n      \"length\" : 7", "\"kind\" : \"vector\",\n      \"length\" : 7", "a vector"),
      ("\"kind\" : \"tokens\"", "\"kind\" : \"sequence\"", "encoders.text.input"),
      ("\"vocabulary\" : 40", "\"vocabulary\" : 41", "41 different tokens"),
      ("\"text\" : {", "\"sound\" : {", "no such modality"),
    ]) func refusesConfigurations(old: String, new: String, mention: String) throws
  {
    try withFolder { folder in
      try ModelFolder.write(try InsideModel.make().backbone, to: "\(folder)/model")
      let file = "\(folder)/model/config.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let changed = text.replacingOccurrences(of: old, with: new)
      try #require(changed != text, "the edit changed nothing in \(text)")
      try changed.write(toFile: file, atomically: true, encoding: .utf8)
      let fault = #expect(throws: Fault.self) { try ModelFolder.read("\(folder)/model") }
      #expect(fault.map { "\($0)" }?.contains(mention) == true, "\(fault.map { "\($0)" } ?? "")")
    }
  }

  /// A modality whose name is a number would take the names of a backbone's own encoder.
  @Test func refusesNumbersAsNames() throws {
    var configuration = try InsideModel.configuration()
    configuration.modalities[0].name = "1"
    var encoder = try #require(configuration.encoders?["text"])
    encoder.input.name = "1"
    configuration.encoders = ["1": encoder]
    #expect(throws: Fault.self) { try MultimodalModel(configuration) }
  }

  /// The states of a frozen encoder, once computed, give the same predictions and the same training.
  @Test func frozenEncodersRunOnce() throws {
    let (model, other) = (try InsideModel.make(), try InsideModel.make())
    let split = InsideModel.split()
    for model in [model, other] { model.backbone.inputEncoders["text"]?.freeze() }
    let states = split.withFixedStates(of: model.backbone)
    #expect(states.samples.inputs.modalities[0].shape == [12, 7, 16])
    #expect(
      InsideModel.close(
        InsideModel.prediction(model, states.samples.inputs), InsideModel.prediction(model, split.samples.inputs)))
    // In training the frozen encoder has no dropout, so that both are the same there too.
    model.train()
    let (once, again) = (model(states.samples.inputs).prediction, model(split.samples.inputs).prediction)
    #expect(InsideModel.close(once.floats, again.floats))
    let before = InsideModel.state(model)
    try InsideModel.train(model, epochs: 2)
    let after = InsideModel.state(model)
    for (key, values) in before { #expect((after[key] == values) == key.hasPrefix("encoders.text."), "\(key)") }
    other.backbone.inputEncoders["text"]?.unfreeze()
    #expect(split.withFixedStates(of: other.backbone).samples.inputs.modalities[0].dtype == .int64)
  }
}

/// Runs `body` with an empty folder.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("inside-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
