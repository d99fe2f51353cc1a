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
  /// ViT (Dosovitskiy et al. 2021).
  case vit
  /// DeiT (Touvron et al. 2021).
  case deit
  /// DINOv2 (Oquab et al. 2023).
  case dinov2
  /// CLIP (Radford et al. 2021) with both encoders.
  case clip
  /// CLIP's encoder of texts alone.
  case clipText = "clip_text_model"
  /// CLIP's encoder of pictures alone.
  case clipVision = "clip_vision_model"
  /// wav2vec 2.0 (Baevski et al. 2020).
  case wav2vec2
  /// HuBERT (Hsu et al. 2021).
  case hubert
  /// WavLM (Chen et al. 2022).
  case wavlm
  /// ResNet (He et al. 2016).
  case resnet
  /// MobileNetV2 (Sandler et al. 2018).
  case mobilenetV2 = "mobilenet_v2"

  /// The inputs that encoders of this family read.
  public var inputs: Set<EncoderInput> {
    switch self {
    case .bert, .roberta, .xlmRoberta, .distilbert, .mpnet, .clipText: [.tokens]
    case .vit, .deit, .dinov2, .clipVision, .resnet, .mobilenetV2: [.pixels]
    case .wav2vec2, .hubert, .wavlm: [.waveform]
    case .clip: [.tokens, .pixels]
    }
  }

  /// True for families that were trained with a vector of their own: CLIP's projection, and the mean over the places of a
  /// convolutional network.
  public var hasEmbedding: Bool {
    switch self {
    case .clip, .clipText, .clipVision, .resnet, .mobilenetV2: true
    default: false
    }
  }

  /// Returns the encoder's own name of a weight.
  ///
  /// The names of a model with a head begin with the family's. Convolutional networks may have torchvision's names.
  func ownName(_ published: String) -> String {
    let prefix = self == .xlmRoberta ? "roberta." : "\(rawValue)."
    guard !published.hasPrefix(prefix) else { return String(published.dropFirst(prefix.count)) }
    switch self {
    case .resnet: return TorchvisionNames.resnet(published)
    case .mobilenetV2: return TorchvisionNames.mobilenetV2(published)
    default: return published
    }
  }

  /// Makes the network that a configuration describes, with starting values that the weights replace.
  func network(_ configuration: ConfigurationReader) throws(Fault) -> EncoderNetwork {
    switch self {
    case .bert, .roberta, .xlmRoberta, .distilbert, .mpnet: try TextEncoder(self, configuration)
    case .vit, .deit, .dinov2: try VisionTransformer(self, configuration)
    case .clip, .clipText, .clipVision: try Contrastive(self, configuration)
    case .wav2vec2, .hubert, .wavlm: try SoundEncoder(self, configuration)
    case .resnet: try ResidualNetwork(configuration)
    case .mobilenetV2: try MobileNetwork(configuration)
    }
  }
}

extension EncoderFamily {
  /// Makes the network that reads one form of input alone: one of CLIP's two encoders, or the whole network.
  /// - Throws: `Fault(.usage)` for a form that the family does not read, and the errors of a configuration.
  func network(_ configuration: ConfigurationReader, reading input: EncoderInput) throws(Fault) -> EncoderNetwork {
    guard inputs.contains(input) else {
      throw Fault(
        .usage, "the encoder reads no \(input.rawValue)", file: configuration.file, key: "model_type", found: rawValue,
        expected: "an encoder of \(input.rawValue)")
    }
    switch self {
    case .clip where input == .tokens: return try ContrastiveText(configuration.section("text_config"))
    case .clip: return try ContrastivePicture(configuration.section("vision_config"))
    case .clipText: return try ContrastiveText(configuration)
    case .clipVision: return try ContrastivePicture(configuration)
    default: return try network(configuration)
    }
  }

  /// Returns the name of a weight in the network of one form of input. CLIP's encoders have names in front.
  func ownName(_ published: String, reading input: EncoderInput) -> String {
    let (name, part) = (ownName(published), input == .tokens ? "text_model." : "vision_model.")
    return name.hasPrefix(part) && hasEmbedding ? String(name.dropFirst(part.count)) : name
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
