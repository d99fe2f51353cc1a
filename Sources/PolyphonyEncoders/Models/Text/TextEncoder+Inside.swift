import Polyphony
import Torch

extension TextEncoder: InputEncoder {
  /// The number of different tokens.
  public var vocabulary: Int { embeddings.words.weight.size(0) }

  /// The most tokens of a text.
  public var longest: Int { embeddings.longest }

  /// Encodes tokens `[B, L]` to the states of the last layer, `[B, L, width]`. Where the mask is false they are zero.
  ///
  /// The readers of data check numbers and lengths, so tokens that this encoder does not know are a programming error.
  public func encode(_ tokens: Tensor, mask: Tensor?) -> Tensor {
    do {
      return try encode(tokens: tokens, mask: mask, types: nil, layer: -1).hidden()
    } catch {
      preconditionFailure("\(error)")
    }
  }
}

/// The encoders of texts as parts of models: BERT, RoBERTa, XLM-R, DistilBERT and MPNet.
public enum TextEncoders {
  /// Makes the families known to ``InputEncoders``. A program that reads or trains such models calls this once.
  public static func register() {
    for family in [EncoderFamily.bert, .roberta, .xlmRoberta, .distilbert, .mpnet] {
      InputEncoders.register(family.rawValue, TextFamily(family: family))
    }
  }
}

/// A family of encoders of texts.
private struct TextFamily: InputEncoderFamily {
  let family: EncoderFamily

  func record(of folder: String) throws(Fault) -> EncoderRecord { try TextTokens(EncoderFolder(folder)).record }

  func make(_ configuration: OrderedJSON, file: String) throws(Fault) -> any InputEncoder {
    try TextEncoder(family, ConfigurationReader(configuration, file: file))
  }

  func load(_ folder: String, into encoder: any InputEncoder) throws(Fault) {
    try encoder.take(try WeightFiles(folder: folder), ownName: family.ownName)
  }
}
