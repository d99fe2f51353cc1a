import Polyphony
import Torch

extension Tokenizer {
  /// Reads the tokenizer of an encoder's folder, and cuts texts at a number of tokens.
  /// - Throws: The errors of ``init(folder:)``.
  init(folder: String, longest: Int?) throws(Fault) {
    try self.init(folder: folder)
    if let longest { truncation = TokenTruncation(length: longest) }
  }
}

extension PretrainedEncoder {
  /// Encodes the tokens of several texts as one batch.
  /// - Parameters:
  ///   - rows: the tokens of each text.
  ///   - padding: the tokenizer whose padding token fills the shorter rows.
  ///   - layer: the only layer whose states are kept.
  /// - Throws: The errors of ``callAsFunction(tokens:mask:types:layer:)``.
  func states(of rows: [[Int]], padding: Tokenizer, layer: Int) throws(Fault) -> EncoderStates {
    let tokens = TokenPadding(token: padding.padding?.token ?? 0).padded(rows)
    let shape = [tokens.count, tokens[0].count]
    let real = rows.flatMap { row in (0..<shape[1]).map { $0 < row.count } }
    return try self(
      tokens: Tensor(tokens.flatMap(\.self), shape: shape), mask: Tensor(real, shape: shape), layer: layer)
  }
}
