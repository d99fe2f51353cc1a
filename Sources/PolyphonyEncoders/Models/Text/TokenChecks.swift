import Polyphony
import Torch

/// The checks of tokens that a caller gives.
enum TokenChecks {
  /// Returns the layout of tokens `[batch, length]` and their mask.
  static func layout(_ tokens: Tensor, _ mask: Tensor?) throws(Fault) -> SequenceLayout {
    guard tokens.rank == 2, tokens.dtype == .int64, tokens.size(0) > 0, tokens.size(1) > 0 else {
      throw Fault(.usage, "these are no tokens", key: "tokens", found: "\(tokens)", expected: "int64[batch, length]")
    }
    if let mask { try shape(mask, like: tokens, "mask") }
    return SequenceLayout(batch: tokens.size(0), length: tokens.size(1), mask: mask?.to(.bool))
  }

  /// Compares the shape of a further input with that of the tokens.
  static func shape(_ tensor: Tensor, like tokens: Tensor, _ key: String) throws(Fault) {
    guard tensor.shape == tokens.shape else {
      throw Fault(.usage, "two inputs differ in shape", key: key, found: "\(tensor)", expected: "\(tokens.shape)")
    }
  }

  /// Checks that all numbers are rows of a table.
  static func numbers(_ tensor: Tensor, below count: Int, _ name: String) throws(Fault) {
    let (least, most) = (tensor.minimum().item, tensor.maximum().item)
    guard least >= 0, most < Double(count) else {
      throw Fault(
        .badData, "the encoder does not know a \(name)", key: "\(name)s", found: "\(Int(least < 0 ? least : most))",
        expected: "0 to \(count - 1)", remedy: "use the tokenizer in the encoder's folder")
    }
  }
}
