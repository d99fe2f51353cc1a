import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyEncoders
@testable import PolyphonySettings
@testable import PolyphonySupport

/// The parts of an encoder that a training changes.
@Suite struct InsideTrainingTests {
  private func settings(_ text: String) throws -> EncoderSettings {
    try SettingsReader.read(try SettingsTree(yaml: text, file: "recipe")) { (reader) throws(Fault) in
      try EncoderSettings(reader)
    }.value
  }

  @Test func readsSettings() throws {
    #expect(try settings("{}").training == .none)
    #expect(try settings("{train: last:2, from: enc}").training == .last(2))
    #expect(try settings("{train: all}").training == .all && settings("{train: lora}").training == .lora)
    for wrong in ["last", "last:0", "last:-1", "last:x", "first", "3"] {
      #expect(throws: Fault.self, "\(wrong)") { try settings("{train: \"\(wrong)\"}") }
    }
    #expect(throws: Fault.self) { try settings("{form: enc}") }
  }

  @Test(arguments: [EncoderTraining.none, .last(1), .all, .lora]) func trains(training: EncoderTraining) throws {
    let model = try InsideModel.make()
    try training.apply(to: model, "text")
    let before = InsideModel.state(model)
    try InsideModel.train(model)
    let after = InsideModel.state(model)
    for (key, values) in before where key.hasPrefix("encoders.text.") && !key.hasSuffix("key.bias") {
      let isTrained =
        switch training {
        case .none, .lora: false
        case .last: key.hasPrefix("encoders.text.encoder.layer.1.")
        case .all: true
        }
      #expect((after[key] != values) == isTrained, "\(key)")
    }
    #expect(after["out_layer.weight"] != before["out_layer.weight"])
    // What the folder holds computes like the model, and has no trace of the updates.
    try withFolder { folder in
      try ModelFolder.write(model.backbone, to: "\(folder)/model")
      let inputs = InsideModel.split().samples.inputs
      let again = try ModelFolder.read("\(folder)/model")
      #expect(again.backbone.storage().count == before.count)
      #expect(InsideModel.prediction(again, inputs) == InsideModel.prediction(model, inputs))
      let key = "encoders.text.encoder.layer.0.attention.self.query.weight"
      #expect((InsideModel.state(again)[key] == before[key]) == (training == .none || training == .last(1)))
    }
  }

  @Test func refusesMoreLayersThanThereAre() throws {
    let model = try InsideModel.make()
    #expect(throws: Fault.self) { try EncoderTraining.last(3).apply(to: model, "text") }
  }
}
