import Polyphony
import Torch

/// The pretrained encoders of this module as parts of models: those of texts, pictures and sounds.
public enum PretrainedEncoders {
  /// Makes the families known to ``InputEncoders``. A program that reads or trains such models calls this once.
  public static func register() {
    for family in EncoderFamily.allCases {
      InputEncoders.register(family.rawValue, PretrainedFamily(family: family))
    }
  }
}

/// A family of encoders as parts of models.
private struct PretrainedFamily: InputEncoderFamily {
  let family: EncoderFamily

  func sha256(of folder: String) throws(Fault) -> String { try EncoderFolder(folder).sha256() }

  func make(_ configuration: OrderedJSON, for input: Modality, file: String) throws(Fault) -> any InputEncoder {
    let configuration = ConfigurationReader(configuration, file: file)
    guard let form = EncoderInput(rawValue: input.kind.rawValue) else {
      throw Fault(
        .usage, "no encoder reads such a modality", file: file, key: input.name, found: input.kind.rawValue,
        expected: EncoderInput.allCases.map(\.rawValue).joined(separator: ", "))
    }
    switch try family.network(configuration, reading: form) {
    case let network as any TokenReader: return TokensInside(network)
    case let network as any PixelReader:
      let preparation = try PicturePreparation(family, configuration, configuration.preparation())
      return PixelsInside(network, preparation)
    case let network as SoundEncoder:
      return WaveformInside(network, try WaveformPreparation(configuration.preparation()))
    default: throw Fault(.failure, "an encoder has no form inside a model", file: file, found: family.rawValue)
    }
  }

  func load(_ folder: String, into encoder: any InputEncoder) throws(Fault) {
    let isOfTexts = encoder is TokensInside
    try encoder.take(try WeightFiles(folder: folder)) { name in
      family.ownName(name, reading: isOfTexts ? .tokens : .pixels)
    }
  }
}

extension InputEncoder {
  /// Runs an encoder on inputs that the readers of data have checked. A fault is then a programming error.
  func trusted<Value>(_ body: () throws(Fault) -> Value) -> Value {
    do {
      return try body()
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// Describes an input that this encoder cannot read.
  func unreadable(_ input: Modality, _ found: String, _ expected: String) -> Fault {
    Fault(
      .usage, "an encoder inside the model cannot read its modality", key: input.name, found: found, expected: expected)
  }
}

extension Tensor {
  /// Puts the states `[n, L, width]` in the places `rows` among `count` samples. Those of all others are zero.
  func spread(over count: Int, rows: [Int]) -> Tensor {
    guard !rows.elementsEqual(0..<count) else { return self }
    return Tensor.zeros([count] + shape.dropFirst(), dtype: dtype, device: device)
      .replacing([Tensor(rows).to(device)], with: self)
  }
}
