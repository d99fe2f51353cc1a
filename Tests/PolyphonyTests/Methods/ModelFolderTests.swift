import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// A model's folder is compared with its configuration before any tensor of the model is made.
@Suite struct ModelFolderTests {
  /// The architectures with a small configuration each.
  private static func configuration(_ architecture: String) -> ModelConfiguration {
    architecture.hasSuffix("mult")
      ? MissingFixtures.configuration(architecture)
      : Tiny.configuration(architecture, architecture == "deeplab_v3plus" ? .segmentation : .classification)
  }

  private static let architectures = [
    "late_fusion", "early_fusion", "encoder_fusion", "mult", "prompted_mult", "deeplab_v3plus",
  ]

  /// Tensors without memory have the names and shapes of real ones.
  @Test(arguments: architectures) func abstractModelsHaveTheShapesOfRealOnes(architecture: String) throws {
    let configuration = Self.configuration(architecture)
    let real = try Architectures.make(configuration).state()
    let abstract = try AbstractTensors.make { () throws(Fault) in try Architectures.make(configuration) }.state()
    #expect(abstract.map(\.key) == real.map(\.key))
    #expect(abstract.map(\.tensor.shape) == real.map(\.tensor.shape))
    #expect(abstract.map(\.tensor.dtype) == real.map(\.tensor.dtype))
    // Afterwards tensors have memory again.
    #expect(Tensor.ones([2]).floats == [1, 1])
  }

  /// Reading draws the same random numbers as before, and gives the same model.
  @Test(arguments: architectures) func aWrittenModelIsRead(architecture: String) throws {
    try withTemporaryFolder { folder in
      let model = try MultimodalModel(Self.configuration(architecture))
      try ModelFolder.write(model.backbone, to: folder + "/model")
      #expect(bytes(try ModelFolder.read(folder + "/model")) == bytes(model))
    }
  }

  /// The models would have 8 and 1,024 layers of width 4,096. One such layer has 805 MB.
  @Test func aHugeModelOverSmallWeightsIsRefusedAtOnce() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model"
      try ModelFolder.write(try MultimodalModel(Self.configuration("late_fusion")).backbone, to: path)
      var huge = Self.configuration("late_fusion")
      (huge.width, huge.layers) = (4096, 8)
      try JSONFile.write(huge, to: path + "/config.json")
      let shape = expectFault(.badData) { _ = try ModelFolder.read(path) }
      #expect(
        shape?.found?.hasSuffix("]") == true || shape?.problem.contains("lacks") == true, "\(String(describing: shape))"
      )
      huge.layers = 1024
      try JSONFile.write(huge, to: path + "/config.json")
      let layers = expectFault(.badData) { _ = try ModelFolder.read(path) }
      #expect(layers?.key == "model.layers" && layers?.found == "1024")
    }
  }
}
