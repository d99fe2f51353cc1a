import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyEncoders
@testable import PolyphonySettings
@testable import PolyphonySupport

/// Methods reach a pretrained encoder inside a model, and know nothing of it.
@Suite struct InsideMethodTests {
  /// The methods that train something in the encoder's layers.
  private static let reaching = ["full", "bitfit", "lora", "adapter", "prefix", "ia3", "compacter"]
  private static let others = ["head", "prompt", "lmf", "concat", "wander", "prompts", "mean_fill", "reconstruction"]

  private func install(_ name: String, on model: MultimodalModel) throws -> Installation {
    let configuration = model.configuration
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try TuningMethods.maker(name)(reader, configuration)
    }.value
    let installation = try Installation(method, on: model, name: name)
    try method.fit(InsideModel.split().samples, on: model)
    return installation
  }

  @Test(arguments: reaching + others) func tuning(name: String) throws {
    let model = try InsideModel.make()
    let inputs = InsideModel.split().samples.inputs
    let base = InsideModel.prediction(model, inputs)
    let before = InsideModel.state(model)
    let installation = try install(name, on: model)
    if Self.reaching.contains(name) {
      // The first step moves B away from 0, and so A gets gradients in the second.
      try InsideModel.train(model)
      model.train(false)
      model(inputs).prediction.squared().sum().backward()
      let inside = model.trainableParameters().filter { $0.key.contains("encoders.text.") }
      #expect(!inside.isEmpty)
      // A bias of keys moves all scores of a query alike, and types and positions beyond the texts are not read.
      for (key, stored) in inside where !key.hasSuffix("key.bias") {
        #expect((stored.tensor?.gradient?.abs().maximum().item ?? 0) > 0, "no gradient in \(key)")
      }
    } else if name != "mean_fill" {
      try InsideModel.train(model)
    }
    let trained = Set(model.backbone.trainableParameters().map(\.key))
    for (key, values) in InsideModel.state(model) where !trained.contains(key) {
      #expect(values == before[key], "\(key) is frozen and moved")
    }
    #expect(trained.contains { $0.hasPrefix("encoders.text.") } == ["full", "bitfit"].contains(name))
    if name != "mean_fill" { #expect(InsideModel.prediction(model, inputs) != base) }
    installation.isEnabled = false
    #expect(InsideModel.prediction(model, inputs) == base, "a method that is off leaves the base's bits")
  }

  /// An adapter's folder reads back to the same bits on a model from its folder, and merges.
  @Test(arguments: ["lora", "ia3", "prefix"]) func adapterFolders(name: String) throws {
    try withFolder { folder in
      try ModelFolder.write(try InsideModel.make().backbone, to: "\(folder)/base")
      let (installation, description) = try ModelWithAdapter("\(folder)/base").install(name)
      try InsideModel.train(installation.model)
      try AdapterFolder.write(installation, description, to: "\(folder)/adapter")
      let inputs = InsideModel.split().samples.inputs
      let tuned = InsideModel.prediction(installation.model, inputs)
      let again = try ModelWithAdapter("\(folder)/base", adapter: "\(folder)/adapter").model
      #expect(InsideModel.prediction(again, inputs) == tuned)
      guard name != "prefix" else { return }
      try AdapterFolder.merge("\(folder)/adapter", base: "\(folder)/base", to: "\(folder)/merged")
      let merged = try ModelFolder.read("\(folder)/merged")
      #expect(InsideModel.close(InsideModel.prediction(merged, inputs), tuned))
    }
  }

  /// The encoder belongs to its modality: strategies scale its gradients, and it has a rate of its own.
  @Test func balancing() throws {
    let model = try InsideModel.make("encoder_fusion")
    var settings = TrainingSettings()
    settings.learningRate = 1e-3
    let groups = EncoderGroups.make(model, settings)
    #expect(groups.map(\.name) == ["shared", "encoder.text", "encoder.text.pretrained", "encoder.audio"])
    #expect(groups.map(\.learningRate) == [1e-3, 1e-3, 2e-5, 1e-3])
    let encoder = try #require(model.backbone.inputEncoders["text"])
    #expect(groups[2].parameters.gradients.count == encoder.parameterCount.total)
    for name in ["cggm", "ogm-ge", "agm", "mslr", "gradient-blending"] {
      let model = try InsideModel.make("encoder_fusion")
      let strategy = try SettingsReader.read(.empty) { (reader) throws(Fault) in
        try BalancingMethods.maker(name)(reader, model)
      }.value
      let before = InsideModel.state(model)
      try InsideModel.train(model, epochs: 2, hook: strategy)
      let after = InsideModel.state(model)
      let key = "encoders.text.encoder.layer.0.attention.self.query.weight"
      #expect(after[key] != before[key], "\(name) does not train the encoder")
      #expect(after.values.allSatisfy { $0.allSatisfy(\.isFinite) }, "\(name)")
    }
  }

  /// CGGM's factor of a modality acts on the gradients of its encoder too.
  @Test func strategiesScaleTheEncoder() throws {
    final class Halving: StepHook {
      func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
        EncoderGroups.make(model, settings)
      }
      func adjustGradients(_ step: TrainingStep) {
        noGrad {
          for group in EncoderGroups.encoder("text", of: step.optimizer) {
            group.parameters.gradients.multiplyInPlace(0)
          }
        }
      }
    }
    let model = try InsideModel.make()
    let before = InsideModel.state(model)
    try InsideModel.train(model, hook: Halving())
    for (key, values) in InsideModel.state(model) {
      let own = ["encoders.text.", "proj.0.", "encoders.0."].contains { key.hasPrefix($0) }
      #expect((values == before[key]) == own, "\(key)")
    }
  }

  @Test(arguments: ["tent", "casp"]) func adaptation(name: String) throws {
    let model = try InsideModel.make(dropout: 0.1)
    let configuration = model.configuration
    let yaml =
      "batch_size: 4, learning_rate: 0.01, guard: {max_movement: 1000}"
      + (name == "casp" ? ", contrast_epochs: 2, snapshot_interval: 1, pseudo_epochs: 1, share: 0.5" : "")
    let method = try SettingsReader.read(try SettingsTree(yaml: "{\(yaml)}", file: "settings")) {
      (reader) throws(Fault) in try AdaptationMethods.maker(name)(reader, configuration)
    }.value
    let keys = method.tensors.keys(in: model.backbone)
    #expect(keys.contains("encoders.text.encoder.layer.0.attention.output.LayerNorm.weight"))
    #expect(keys.contains("encoders.0.layers.0.layer_norms.0.weight"))
    #expect(!keys.contains("encoders.text.embeddings.LayerNorm.weight"), "this norm is in no layer")
    let before = InsideModel.state(model)
    _ = try DropoutStream.ofThread.withValue(DropoutStream(.init(seed: 0, offset: 0))) {
      try AdaptationLoop(model, samples: InsideModel.split().samples, method: method).run(isStopped: { false })
    }
    let after = InsideModel.state(model)
    let moved = Set(before.keys.filter { before[$0] != after[$0] })
    #expect(moved.isSubset(of: keys))
    #expect(moved.contains { $0.hasPrefix("encoders.text.") }, "the encoder's norms do not move")
  }

  /// Input alignment treats the states of an encoder inside like features.
  @Test func inputAlignmentOfStates() throws {
    let model = try InsideModel.make()
    func split(_ name: String, seed: UInt64) -> LabelledSplit { InsideModel.split(name, count: 24, seed: seed) }
    func states(_ split: LabelledSplit) -> LabelledSplit {
      LabelledSplit(samples: split.samples.withStates(of: model.backbone), target: split.target)
    }
    let (training, validation) = (split("train", seed: 5), split("valid", seed: 6))
    let moments = SourceMoments.measured(model, training: training, validation: validation)
    let ofStates = SourceMoments.measured(model, training: states(training), validation: states(validation))
    for name in ["text", "audio"] {
      let (own, other) = try (#require(moments.features[name]), #require(ofStates.features[name]))
      #expect(own.mean.doubles == other.mean.doubles && own.foldDrift == other.foldDrift)
    }
    model.sourceMoments = moments
    let configuration = model.configuration
    let method = try SettingsReader.read(try SettingsTree(yaml: "{epochs: 3, batch_size: 8}", file: "settings")) {
      (reader) throws(Fault) in try AdaptationMethods.maker("inputs")(reader, configuration)
    }.value
    // Numbers that are three times as large leave no doubt that there is a drift.
    var target = split("test", seed: 7).samples.inputs
    target.modalities[1] = target.modalities[1] * 3 + 5
    let source = InsideModel.prediction(model, target)
    let samples = UnlabelledSplit(name: "test", inputs: target)
    let outcome = try AdaptationLoop(model, samples: samples, method: method).run { false }
    #expect(outcome.prediction.isFinite)
    #expect(outcome.prediction.floats != source, "the map changes no answer")
    #expect((method.inputDrift?["audio"] ?? 0) > (method.inputDrift?["text"] ?? .infinity))
  }
}
