import Foundation
import PolyphonyEncoders
import Testing
import Torch

/// The weights that package indices carry, in folders that the environment names.
@Suite struct PublishedWeightTests {
  private static let minilm = ProcessInfo.processInfo.environment["POLYPHONY_MINILM"]
  private static let mobilenet = ProcessInfo.processInfo.environment["POLYPHONY_MOBILENET"]

  @Test(.enabled(if: minilm != nil, "POLYPHONY_MINILM names no folder with all-MiniLM-L6-v2"))
  func minilmAgreesWithTransformers() throws {
    let reference = try Self.reference("minilm")
    let encoder = try PretrainedEncoder(try #require(Self.minilm))
    #expect(encoder.family == .bert && encoder.width == 384 && encoder.layerCount == 6)
    let tokens = try reference.tensor("tokens")
    for recordsGradients in [true, false] {
      if !recordsGradients { encoder.freeze() }
      let states = try encoder(tokens: tokens, mask: tokens .> 0, layer: -1)
      expectClose(try states.pooled(.mean), try reference.tensor("mean"), relative: 1e-5, "means")
      expectClose(try states.hidden()[1][3], try reference.tensor("last"), relative: 1e-5, "one step")
    }
  }

  /// The folder holds torchvision's dictionary of weights as `model.pth`, and a configuration with `tf_padding` false and
  /// `layer_norm_eps` 1e-5.
  @Test(.enabled(if: mobilenet != nil, "POLYPHONY_MOBILENET names no folder with torchvision's MobileNetV2"))
  func mobilenetAgreesWithTorchvision() throws {
    let encoder = try PretrainedEncoder(try #require(Self.mobilenet))
    let (channels, rows, columns) = (Tensor.range(3), Tensor.range(61), Tensor.range(75))
    let angles = rows.view(61, 1).to(.float32) * 0.1 + columns.to(.float32) * 0.2 + channels.view(3, 1, 1).to(.float32)
    let embedding = try #require(try encoder(pixels: angles.sin().unsqueezed(0)).embedding)
    expectClose(embedding, try Self.reference("mobilenet-imagenet").tensor("embedding"), relative: 1e-4, "embedding")
  }

  private static func reference(_ name: String) throws -> SafetensorsFile {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/\(name)", ofType: "safetensors"))
    return try SafetensorsFile(path: path)
  }
}
