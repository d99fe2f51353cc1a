import Foundation
import PolyphonyEncoders
import Testing
import Torch

/// The published weights of MiniLM, whose folder the environment names.
@Suite struct MiniLMTests {
  private static let folder = ProcessInfo.processInfo.environment["POLYPHONY_MINILM"]

  @Test(.enabled(if: folder != nil, "POLYPHONY_MINILM names no folder with all-MiniLM-L6-v2"))
  func agreesWithTransformers() throws {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/minilm", ofType: "safetensors"))
    let reference = try SafetensorsFile(path: path)
    let encoder = try PretrainedEncoder(try #require(Self.folder))
    #expect(encoder.family == .bert && encoder.width == 384 && encoder.layerCount == 6)
    let tokens = try reference.tensor("tokens")
    for recordsGradients in [true, false] {
      if !recordsGradients { encoder.freeze() }
      let states = try encoder(tokens: tokens, mask: tokens .> 0, layer: -1)
      expectClose(try states.pooled(.mean), try reference.tensor("mean"), relative: 1e-5, "means")
      expectClose(try states.hidden()[1][3], try reference.tensor("last"), relative: 1e-5, "one step")
    }
  }
}
