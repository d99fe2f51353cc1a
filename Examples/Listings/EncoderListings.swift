import PolyphonyEncoders
import Torch

/// The listings in the comments of `PolyphonyEncoders`, compiled.
public enum EncoderListings {
  /// Computes sentence vectors with a pretrained encoder.
  public static func sentenceVectors() throws -> Tensor {
    let encoder = try PretrainedEncoder("all-MiniLM-L6-v2")
    let tokens = Tensor([101, 2307, 3185, 102, 101, 2919, 102, 0], shape: [2, 4])
    let states = try encoder(tokens: tokens, mask: tokens .> 0)
    let sentences = try states.pooled(.mean)  // [2, 384]
    return sentences
  }
}
