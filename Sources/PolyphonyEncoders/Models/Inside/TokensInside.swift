import Polyphony
import Torch

/// A network that reads tokens.
protocol TokenReader: EncoderNetwork {
  /// The number of different tokens.
  var vocabulary: Int { get }
  /// The most tokens of a text.
  var longest: Int { get }
}

extension TextEncoder: TokenReader {
  var vocabulary: Int { embeddings.words.weight.size(0) }
  var longest: Int { embeddings.longest }
}

extension ContrastiveText: TokenReader {
  var vocabulary: Int { words.weight.size(0) }
  var longest: Int { positions.weight.size(0) }
}

/// An encoder of texts inside a model. Each token has a state.
final class TokensInside: Module, InputEncoder {
  @Child("") private var network: EncoderNetwork
  private let vocabulary: Int
  private let longest: Int
  var layers: [Module] { network.trainedLayers }

  init(_ network: any TokenReader) {
    (vocabulary, longest) = (network.vocabulary, network.longest)
    super.init()
    self.network = network
  }

  func states(of input: Modality) throws(Fault) -> Modality {
    let (known, most) = (input.encoder?.vocabulary ?? 0, max(input.steps, input.encoder?.longest ?? 0))
    guard vocabulary == known, longest >= most else {
      throw unreadable(
        input, "\(vocabulary) different tokens, at most \(longest) of them",
        "\(known) different tokens, at least \(most) of them")
    }
    return .sequence(input.name, features: network.width, length: input.steps)
  }

  /// Encodes tokens `[B, L]`. States of tokens that are not read are zero.
  func encode(_ inputs: Inputs, _ modality: Int) -> (states: Tensor, lengths: Tensor?) {
    let states = trusted { () throws(Fault) in
      try network.encode(
        tokens: inputs.modalities[modality], mask: inputs.readable(modality), types: nil, layer: -1
      ).hidden()
    }
    return (states, inputs.lengths[modality])
  }
}
