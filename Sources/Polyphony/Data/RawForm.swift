import Torch

/// The form in which data keep the raw inputs that an encoder inside a model reads.
///
/// Each kind of raw inputs is one entry. All readers and writers of data ask it, and none knows a kind.
package struct RawForm: Sendable {
  /// A property of a modality that makes no sense.
  typealias Contradiction = (key: String, found: String, expected: String)

  /// The inputs in words, such as `tokens`.
  package let noun: String
  /// The type of a number in a split's file.
  package let type: SafetensorsType
  /// The numbers that an input may hold.
  fileprivate let range: ClosedRange<Double>
  /// The first property of a modality that does not fit the record of its encoder; nil if all fit.
  let contradiction: @Sendable (_ modality: Modality, _ encoder: EncoderRecord) -> Contradiction?
  /// The check of numbers `[N, …]` in memory.
  fileprivate let check: @Sendable (_ modality: Modality, _ inputs: Tensor, _ file: String?) throws(Fault) -> Void
}

extension RawForm {
  /// The type of a number in memory.
  var dtype: DType { DType(type) }
}

// MARK: - The kinds

extension Modality.Kind {
  /// The form of raw inputs; nil for numbers that a backbone reads.
  package var raw: RawForm? {
    switch self {
    case .sequence, .vector, .image, .volume: nil
    case .tokens: .tokens
    case .pixels: .pixels
    case .waveform: .waveform
    }
  }
}

extension RawForm {
  /// The tokens of a text, below the encoder's vocabulary, and no more than it reads.
  fileprivate static let tokens = RawForm(
    noun: "tokens", type: .i64, range: 0...9_007_199_254_740_992,
    contradiction: { modality, encoder in
      if encoder.vocabulary ?? 0 <= 0 {
        return ("encoder", "no vocabulary", "the encoder of the tokens, with its vocabulary")
      }
      let longest = encoder.longest ?? 0
      return modality.steps <= longest
        ? nil : ("length", "\(modality.steps)", "at most \(longest), as the encoder reads")
    },
    check: { (modality, tokens, file) throws(Fault) in try modality.checkTokens(tokens, file: file) })

  /// The bytes of a picture in red, green and blue.
  fileprivate static let pixels = RawForm(
    noun: "pixels", type: .u8, range: 0...255,
    contradiction: { modality, _ in
      modality.channels == 3 ? nil : ("channels", "\(modality.channels ?? 0)", "3: red, green and blue")
    }, check: { _, _, _ in })

  /// The samples of a sound, −32768 to 32767 for −1 to 1.
  fileprivate static let waveform = RawForm(
    noun: "samples of sound", type: .i16, range: -32_768...32_767,
    contradiction: { modality, encoder in
      if modality.sampleRate.map(Double.init) != encoder.rate {
        let found = modality.sampleRate.map(String.init) ?? "none"
        return ("sample_rate", found, "\(Int(encoder.rate ?? 0)), the rate of the encoder")
      }
      let longest = encoder.longest ?? modality.steps
      return modality.steps <= longest
        ? nil : ("length", "\(modality.steps)", "at most \(longest), as the encoder reads")
    }, check: { _, _, _ in })
}

// MARK: - Reading, checking and describing

extension Modality {
  /// Some samples of zeros.
  func zeros(_ count: Int) -> Tensor { .zeros([count] + sampleShape, dtype: DType(kind.elementType)) }

  /// The first property that does not fit the modality's encoder; nil for numbers that a backbone reads.
  var contradiction: RawForm.Contradiction? {
    guard let raw = kind.raw else { return nil }
    guard let encoder else { return ("encoder", "none", "the encoder of the \(raw.noun)") }
    return raw.contradiction(self, encoder)
  }

  /// Checks raw inputs `[N, …]` in memory: their type, and the numbers as far as the kind has rules for them.
  /// - Throws: `Fault(.badData)` with the first wrong number and its sample.
  package func checkRaw(_ inputs: Tensor, file: String?) throws(Fault) {
    guard let raw = kind.raw else { return }
    guard inputs.dtype == raw.dtype else {
      throw Fault(
        .badData, "raw inputs have another type", file: file, key: name, found: "\(inputs)", expected: "\(raw.dtype)")
    }
    try raw.check(self, inputs, file)
  }

  /// Converts whole numbers of another type to raw inputs.
  /// - Throws: `Fault(.badData)` for a number that no input of this kind holds, and the errors of ``checkRaw(_:file:)``.
  package func rawInputs(_ numbers: Tensor, file: String?) throws(Fault) -> Tensor {
    guard let raw = kind.raw else { return numbers }
    let isWhole = (numbers.rounded() .== numbers).to(.int64).minimum().item == 1
    guard isWhole, raw.range.contains(numbers.minimum().item), raw.range.contains(numbers.maximum().item) else {
      throw Fault(
        .badData, "a number is none of the \(raw.noun)", file: file, key: name,
        found: isWhole ? "\(numbers.minimum().item) to \(numbers.maximum().item)" : "a number with a fraction",
        expected: "whole numbers that the encoder reads")
    }
    let inputs = numbers.to(raw.dtype)
    try checkRaw(inputs, file: file)
    return inputs
  }

  /// Checks that all numbers are tokens that the modality's encoder knows, and that a sample has no more than it reads.
  fileprivate func checkTokens(_ tokens: Tensor, file: String?) throws(Fault) {
    let (count, longest, length) = (encoder?.vocabulary ?? 0, encoder?.longest ?? 0, tokens.size(-1))
    guard length <= longest else {
      throw Fault(
        .badData, "a text is longer than the encoder can read", file: file, key: name, found: "\(length) tokens",
        expected: "at most \(longest)", remedy: "cut the text")
    }
    guard tokens.minimum().item < 0 || tokens.maximum().item >= Double(count) else { return }
    let numbers = tokens.integers
    let place = numbers.firstIndex { !(0..<count).contains($0) } ?? 0
    throw Fault(
      .badData, "the encoder does not know a token", file: file, key: name,
      found: "\(numbers[place]) in sample \(place / length)", expected: "0 to \(count - 1)",
      remedy: "convert the texts again with the encoder's own tokenizer")
  }
}
