import Foundation
import Polyphony
import PolyphonyEncoders
import Testing
import Torch

/// An encoder of the fixtures with the numbers that transformers computes for it.
struct ReferenceEncoder {
  private let name: String
  let encoder: PretrainedEncoder
  let reference: SafetensorsFile

  init(_ name: String) throws {
    self.name = name
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
    var (ofStates, ofGradients) = (0.0, 0.0)
    func compare(_ found: Tensor, _ name: String, relative: Double, _ description: String) throws -> Double {
      let expected = try #require(self[name], sourceLocation: sourceLocation)
      return expectClose(
        real(found), real(expected), relative: relative, description, sourceLocation: sourceLocation)
    }
    for layer in 0..<states.layerCount {
      ofStates = max(
        ofStates, try compare(states.hidden(layer), "hidden.\(layer)", relative: 1e-5, "layer \(layer)"))
    }
    let last = try states.hidden()
    ofStates = max(ofStates, try compare(last, "last", relative: 1e-5, "last layer"))
    var scalar = (last * (try #require(self["probe"]))).sum()
    if let wanted = self["embedding"] {
      let embedding = try #require(states.embedding, sourceLocation: sourceLocation)
      let difference = expectClose(
        embedding, wanted, relative: 1e-5, "embedding", sourceLocation: sourceLocation)
      ofStates = max(ofStates, difference)
      scalar = scalar + embedding.sum()
    }
    scalar.backward()
    let gradients = reference.entries.map(\.name).filter { $0.hasPrefix("grad.") }
    for (key, stored) in encoder.parameters() {
      let name = gradients.first { $0.hasSuffix(".\(key)") }
      let expected = try #require(name.flatMap { self[$0] }, "no gradient of \(key)", sourceLocation: sourceLocation)
      let found = stored.tensor?.gradient ?? expected.zerosLike()
      let difference = expectClose(
        found, expected, relative: 1e-4, "gradient of \(key)", sourceLocation: sourceLocation)
      ofGradients = max(ofGradients, difference)
    }
    if ProcessInfo.processInfo.environment["POLYPHONY_PARITY"] == "1" {
      print(String(format: "| %@ | %.1e | %.1e |", name, ofStates, ofGradients))
    }
  }
}
