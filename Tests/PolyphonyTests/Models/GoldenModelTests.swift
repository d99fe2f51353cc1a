import Foundation
import Polyphony
import Testing
import Torch

/// The published implementations' numbers: predictions, losses, every gradient, five Adam steps (dropout 0).
@Suite struct GoldenModelTests {
  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult", "unet", "unet_volumes"])
  func matchesThePublishedImplementation(name: String) throws {
    let golden = try Golden(name)
    let model = try golden.model()
    // Stage by stage, and with stages joined.
    let output = model(try golden.inputs, encodings: true)
    expectClose(model(try golden.inputs).prediction, output.prediction, 1e-6, "prediction of joined stages")
    expectClose(output.prediction, try golden.tensor("prediction"), 1e-5, "prediction")
    if golden.has("representation") {
      expectClose(output.representation, try golden.tensor("representation"), 1e-5, "representation")
    }
    for (index, modality) in model.configuration.modalities.enumerated() where golden.has("encoded.\(modality.name)") {
      expectClose(
        output.encoded[index].values, try golden.tensor("encoded.\(modality.name)"), 1e-5, "encoded \(modality.name)")
    }

    let loss = try golden.loss(output.prediction)
    expectClose(loss.reshaped(1), try golden.tensor("loss"), 1e-5, "loss")
    loss.backward()
    for (key, stored) in model.backbone.parameters() {
      let gradient = try #require(stored.tensor?.gradient, "no gradient for \(key)")
      expectClose(gradient, try golden.tensor("grad.\(model.backbone.fileKey(key))"), 1e-4, "gradient of \(key)")
    }
  }

  @Test(arguments: ["late_fusion", "early_fusion"])
  func fiveAdamStepsMatch(name: String) throws {
    let golden = try Golden(name)
    let model = try golden.model()
    let optimizer = Adam([ParameterGroup("all", model.trainableParameters(), learningRate: 1e-3)])
    var losses: [Float] = []
    for _ in 0..<5 {
      optimizer.zeroGradients()
      let loss = try golden.loss(model(try golden.inputs).prediction)
      losses += loss.floats
      loss.backward()
      optimizer.clipGradients(norm: 0.8)
      optimizer.step()
    }
    expectClose(Tensor(losses), try golden.tensor("adam.losses"), 1e-5, "losses of five Adam steps")
    expectClose(
      model(try golden.inputs).prediction, try golden.tensor("adam.prediction"), 1e-5, "prediction after Adam")
  }

  @Test(arguments: ["late_fusion", "mult"])
  func aModelFolderKeepsTheWeights(name: String) throws {
    let golden = try Golden(name)
    try withTemporaryFolder { folder in
      try ModelFolder.write(golden.model().backbone, to: folder + "/model")
      let names = Set(try SafetensorsFile(path: folder + "/model/model.safetensors").entries.map(\.name))
      #expect(names == Set(try golden.weights.keys), "published names on disk")
      let again = try ModelFolder.read(folder + "/model")
      expectClose(again(try golden.inputs).prediction, try golden.tensor("prediction"), 1e-5, "prediction of the copy")
    }
  }
}
