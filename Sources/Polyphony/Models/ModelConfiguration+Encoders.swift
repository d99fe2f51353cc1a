import Torch

/// A pretrained encoder inside a model, as `config.json` describes it.
public struct InsideEncoder: Codable, Equatable, Sendable {
  /// The modality as data have it: raw inputs, with the record of the encoder.
  public var input: Modality
  /// The encoder's own configuration in Hugging Face's form. `preprocessor_config` is the content of the file of this name.
  public var network: OrderedJSON

  /// Makes a description.
  public init(input: Modality, network: OrderedJSON) { (self.input, self.network) = (input, network) }
}

extension ModelConfiguration {
  /// The modalities as data have them: those with an encoder inside as raw inputs, all others as the backbone reads them.
  public var inputModalities: [Modality] { modalities.map { encoders?[$0.name]?.input ?? $0 } }

  /// The hashes of the encoders inside, which a run starts from. It is nil without any.
  var encoderHashes: String? {
    encoders.map { encoders in
      modalities.compactMap { encoders[$0.name]?.input.encoder?.sha256 }.joined(separator: " ")
    }
  }

  /// Checks that every encoder inside serves a sequence, and that its raw inputs make sense.
  /// - Throws: `Fault(.usage)` with the modality.
  func checkEncoders(file: String?) throws(Fault) {
    for (name, encoder) in (encoders ?? [:]).sorted(by: { $0.key < $1.key }) {
      func refuse(_ problem: String, _ found: String, _ expected: String, key: String = "") -> Fault {
        Fault(.usage, problem, file: file, key: "encoders.\(name)\(key)", found: found, expected: expected)
      }
      let modality = modalities.first { $0.name == name }
      guard let modality, modality.kind == .sequence else {
        throw refuse(
          "an encoder inside the model has no sequence that it computes",
          modality.map { "a \($0.kind.rawValue)" } ?? "no such modality", "a sequence")
      }
      let input = encoder.input
      guard input.name == name, input.kind.raw != nil, input.hasPossibleSizes else {
        throw refuse(
          "an encoder inside the model reads no raw input",
          "\(input.name), \(input.form)", "tokens, pixels or a waveform of \(name)",
          key: ".input")
      }
      if let wrong = input.contradiction {
        throw refuse(
          "the input of an encoder inside the model makes no sense", wrong.found, wrong.expected,
          key: ".input.\(wrong.key)")
      }
      // `encoders.0` is the name of a backbone's own encoder.
      guard name.contains(where: { !$0.isNumber }) else {
        throw refuse("a modality with an encoder inside the model needs another name", name, "a name that is no number")
      }
    }
  }
}
