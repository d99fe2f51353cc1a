import Torch

extension Modality {
  /// The bytes of a number in a split's file: 8 of a token, which is an i64, and 4 of an f32.
  package var elementSize: Int { kind == .tokens ? 8 : 4 }

  /// Some samples of zeros, or of the token 0.
  func zeros(_ count: Int) -> Tensor {
    .zeros([count] + sampleShape, dtype: kind == .tokens ? .int64 : .float32)
  }

  /// Checks that all numbers are tokens that the modality's encoder knows, and that a sample has no more than it reads.
  /// - Throws: `Fault(.badData)` with the length, or with the first other number and its sample.
  package func checkTokens(_ tokens: Tensor, file: String?) throws(Fault) {
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
