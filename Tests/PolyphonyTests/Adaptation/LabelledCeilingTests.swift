import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySettings
@testable import PolyphonySupport

/// `ceiling:NAME` trains with labels what an adaptation changes without.
@Suite struct LabelledCeilingTests {
  private func method(_ name: String, _ configuration: ModelConfiguration) throws -> any TuningMethod {
    try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try TuningMethods.maker(name)(reader, configuration)
    }.value
  }

  /// The same tensors are trained, and no others: neither the head nor what another adaptation changes.
  @Test(arguments: ["inputs", "ssa", "tent", "read", "casp"]) func trainsTheSameTensors(name: String) throws {
    let adapting = Adapting.named(name)
    let model = try adapting.model()
    let configuration = model.configuration
    let before = Dictionary(uniqueKeysWithValues: model.backbone.state().map { ($0.key, $0.tensor.copy()) })
    let installation = try Installation(method("ceiling:\(name)", configuration), on: model, name: "ceiling:\(name)")
    let adaptation = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try AdaptationMethods.maker(name)(reader, configuration)
    }.value
    let keys = adaptation.tensors.keys(in: model.backbone)
    #expect(Set(model.backbone.trainableParameters().map(\.key)) == keys)
    let batch = Tiny.batch(configuration, count: 16, seed: 3)
    let split = LabelledSplit(samples: UnlabelledSplit(name: "train", inputs: batch.inputs), target: batch.target)
    let untrained = model.predict(split.samples).prediction
    _ = try ownRandomNumbers {
      try Trainer(model, training: split, validation: split, settings: Tiny.settings(epochs: 3), seed: 1).run()
    }
    #expect((model.predict(split.samples).prediction - untrained).abs().maximum(0).maximum(0).item > 0)
    for (key, tensor) in model.backbone.state() where !keys.contains(key) {
      #expect(tensor.floats == before[key]!.floats, "\(key) is not adapted by \(name) and moved")
    }
    if name == "inputs" {
      #expect(model.attachments.last?.trainableParameters().isEmpty == false)
    }
    installation.isEnabled = false
    #expect(model.predict(split.samples).prediction.floats == untrained.floats)
  }

  /// An adapter folder keeps the result.
  @Test func folders() throws {
    try withTemporaryFolder { folder in
      let adapting = Adapting.named("inputs")
      try ModelFolder.write(try adapting.model().backbone, to: "\(folder)/base")
      let (installation, description) = try ModelWithAdapter("\(folder)/base").install("ceiling:inputs")
      let inputs = adapting.samples()
      noGrad {
        for (_, stored) in installation.model.trainableParameters() { stored.tensor?.multiplyInPlace(1.5) }
      }
      let tuned = installation.model.predict(inputs).prediction.floats
      try AdapterFolder.write(installation, description, to: "\(folder)/adapter")
      let again = try ModelWithAdapter("\(folder)/base", adapter: "\(folder)/adapter").model
      #expect(again.predict(inputs).prediction.floats == tuned)
    }
  }

  @Test(arguments: ["ceiling:inptus", "ceiling:"]) func unknownNames(name: String) throws {
    let configuration = try Adapting.named("inputs").model().configuration
    #expect(throws: Fault.self) { try method(name, configuration) }
  }
}
