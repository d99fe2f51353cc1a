import Foundation
import Polyphony
import PolyphonyEncoders
import Testing
import Torch

/// An encoder of the fixtures with the numbers that transformers computes for it.
struct ReferenceEncoder {
  let encoder: PretrainedEncoder
  let reference: SafetensorsFile

  init(_ name: String) throws {
    let folder = try Self.folder(name)
    encoder = try PretrainedEncoder(folder)
    reference = try SafetensorsFile(path: "\(folder)/reference.safetensors")
  }

  /// The path of a fixture's folder.
  static func folder(_ name: String) throws -> String {
    try #require(Bundle.module.path(forResource: name, ofType: nil, inDirectory: "Fixtures"))
  }

  subscript(name: String) -> Tensor? { reference[name].flatMap { try? reference.tensor($0.name) } }

  /// Expects all states to be those of transformers to 1e-5, and the gradients of all weights to 1e-4.
  ///
  /// - Parameter mask: the real steps of the states, `[batch, length]`.
  func check(_ states: EncoderStates, mask: Tensor? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let real = { (state: Tensor) in
      mask.map { state * $0.to(.float32).unsqueezed(2) } ?? state
    }
    for layer in 0..<states.layerCount {
      let expected = try #require(self["hidden.\(layer)"], sourceLocation: sourceLocation)
      expectClose(
        real(try states.hidden(layer)), real(expected), relative: 1e-5, "layer \(layer)", sourceLocation: sourceLocation
      )
    }
    let last = try states.hidden()
    let expected = try #require(self["last"], sourceLocation: sourceLocation)
    expectClose(real(last), real(expected), relative: 1e-5, "last layer", sourceLocation: sourceLocation)
    (last * (try #require(self["probe"]))).sum().backward()
    let gradients = reference.entries.map(\.name).filter { $0.hasPrefix("grad.") }
    for (key, stored) in encoder.parameters() {
      let name = gradients.first { $0.hasSuffix(".\(key)") }
      let expected = try #require(name.flatMap { self[$0] }, "no gradient of \(key)", sourceLocation: sourceLocation)
      let found = stored.tensor?.gradient ?? expected.zerosLike()
      expectClose(found, expected, relative: 1e-4, "gradient of \(key)", sourceLocation: sourceLocation)
    }
  }
}
