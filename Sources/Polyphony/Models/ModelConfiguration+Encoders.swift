import Torch

extension ModelConfiguration {
  /// The modalities as data have them: those with an encoder inside as tokens, all others as the backbone reads them.
  public var inputModalities: [Modality] {
    modalities.map { modality in
      guard encoders?[modality.name] != nil, let record = modality.encoder else { return modality }
      var tokens = Modality.tokens(modality.name, length: modality.steps, encoder: record)
      tokens.columns = modality.columns
      return tokens
    }
  }

  /// The hashes of the encoders inside, which a run starts from. It is nil without any.
  var encoderHashes: String? {
    encoders.map { encoders in
      modalities.compactMap { encoders[$0.name] == nil ? nil : $0.encoder?.sha256 }.joined(separator: " ")
    }
  }

  /// Checks that every encoder inside serves a sequence that knows its record.
  /// - Throws: `Fault(.usage)` with the modality.
  func checkEncoders(file: String?) throws(Fault) {
    for name in (encoders ?? [:]).keys.sorted() {
      let modality = modalities.first { $0.name == name }
      guard let modality, modality.kind == .sequence, modality.encoder?.vocabulary != nil else {
        throw Fault(
          .usage, "an encoder inside the model has no sequence that it computes", file: file, key: "encoders.\(name)",
          found: modality.map { "a \($0.kind.rawValue)" } ?? "no such modality", expected: "a sequence with its record")
      }
      // `encoders.0` is the name of a backbone's own encoder.
      guard name.contains(where: { !$0.isNumber }) else {
        throw Fault(
          .usage, "a modality with an encoder inside the model needs another name", file: file, key: "encoders.\(name)",
          found: name, expected: "a name that is no number")
      }
    }
  }
}
