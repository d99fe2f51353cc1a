import Foundation
import Torch

@testable import Polyphony
@testable import PolyphonyEncoders

/// A raw modality of the tests' models with the small encoder that reads it.
struct InsideInput: CustomStringConvertible, Sendable {
  /// The encoder's folder among the fixtures.
  let encoder: String
  let modality: Modality
  /// The features of a state.
  let width: Int
  /// The number of states of a whole input.
  let states: Int

  var description: String { encoder }
  var kind: Modality.Kind { modality.kind }

  /// The texts of the first tests: up to 7 tokens of 40.
  static let text = reader("bert", longest: 20)

  static let texts = [text, reader("clip-text", longest: 12)]
  static let pictures = [
    picture("vit", side: 8, width: 16, states: 5), picture("vit-resized", side: 12, width: 16, states: 10),
    picture("deit", side: 8, width: 16, states: 6), picture("dinov2", side: 8, width: 16, states: 5),
    picture("clip-picture", side: 8, width: 8, states: 5), picture("resnet-basic", side: 19, width: 12, states: 9),
    picture("resnet-bottleneck", side: 16, width: 12, states: 4),
    picture("mobilenet-same", side: 33, width: 64, states: 4),
    picture("mobilenet-dilated", side: 17, width: 64, states: 9),
  ]
  static let sounds = ["wav2vec2", "wav2vec2-stable", "hubert", "wavlm"].map { sound($0) }
  /// One encoder of each form.
  static let forms = [text, pictures[0], pictures[5], sounds[0]]
  static let all = texts + pictures + sounds

  private static func reader(_ encoder: String, longest: Int) -> InsideInput {
    let record = EncoderRecord(
      content: "text", family: "bert", sha256: "of the test", layer: -1, pooling: "none", longest: longest,
      vocabulary: 40)
    return InsideInput(
      encoder: encoder, modality: .tokens("text", length: 7, encoder: record), width: 16, states: 7)
  }

  private static func picture(_ encoder: String, side: Int, width: Int, states: Int) -> InsideInput {
    let record = EncoderRecord(content: "image", family: encoder, sha256: "of the test", layer: -1, pooling: "none")
    return InsideInput(
      encoder: encoder, modality: .pixels("faces", height: side, width: side, encoder: record), width: width,
      states: states)
  }

  private static func sound(_ encoder: String) -> InsideInput {
    let record = EncoderRecord(
      content: "audio", family: encoder, sha256: "of the test", layer: -1, pooling: "none", longest: 480_000,
      rate: 16_000)
    return InsideInput(
      encoder: encoder, modality: .waveform("sound", length: 170, sampleRate: 16_000, encoder: record), width: 16,
      states: 8)
  }

  /// Raw inputs of some samples, with lengths where a sample has steps.
  func inputs(_ count: Int, _ generator: Generator) -> (values: Tensor, lengths: Tensor?) {
    let shape = [count] + modality.sampleShape
    switch kind {
    case .tokens:
      return (
        .uniform(shape, in: 1..<40, generator: generator).to(.int64), Tensor((0..<count).map { 1 + $0 % 7 })
      )
    case .pixels: return (.uniform(shape, in: 0..<256, generator: generator).to(.uint8), nil)
    default:
      let samples = (Tensor.normal(shape, generator: generator) * 5000).to(.int16)
      return (samples, Tensor((0..<count).map { 170 - 11 * $0 % 130 }))
    }
  }

  /// The configuration of the encoder and its network by itself.
  func alone() throws -> (configuration: ConfigurationReader, encoder: PretrainedEncoder) {
    let folder = try ReferenceEncoder.folder(encoder)
    return (try ConfigurationReader(folder: folder), try PretrainedEncoder(folder))
  }
}
