import Polyphony

/// A kind of pretrained encoder, as `model_type` of a Hugging Face `config.json` names it.
public enum EncoderFamily: String, CaseIterable, Sendable {
  /// BERT (Devlin et al. 2019), and sentence encoders of this form such as MiniLM.
  case bert
  /// RoBERTa (Liu et al. 2019).
  case roberta
  /// XLM-R (Conneau et al. 2020), in RoBERTa's form.
  case xlmRoberta = "xlm-roberta"
  /// DistilBERT (Sanh et al. 2019).
  case distilbert
  /// MPNet (Song et al. 2020), with relative positions.
  case mpnet

  /// The inputs that encoders of this family read.
  public var inputs: Set<EncoderInput> {
    switch self {
    case .bert, .roberta, .xlmRoberta, .distilbert, .mpnet: [.tokens]
    }
  }

  /// The first part of the weights' names if the file holds a model with a head.
  var prefix: String {
    switch self {
    case .xlmRoberta: "roberta."
    default: "\(rawValue)."
    }
  }

  /// Makes the network that a configuration describes, with starting values that the weights replace.
  func network(_ configuration: ConfigurationReader) throws(Fault) -> EncoderNetwork {
    switch self {
    case .bert, .roberta, .xlmRoberta, .distilbert, .mpnet: try TextEncoder(self, configuration)
    }
  }
}

/// A form of raw input.
public enum EncoderInput: String, CaseIterable, Sendable {
  /// Numbers of a tokenizer, `[batch, length]`.
  case tokens
  /// Pictures, `[batch, 3, height, width]`.
  case pixels
  /// Sound, `[batch, samples]`.
  case waveform
}
