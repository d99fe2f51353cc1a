import Torch

/// Dropout of whole modalities between encoders and fusion: the fusion reads zeros in place of an encoding.
///
/// Each sample loses each of its modalities with the probability of that modality. A sample that would lose all of them
/// keeps them.
/// The encodings that stay are not scaled, because the fusion also learns from complete samples and is evaluated on
/// them.
enum EncodingDropout {
  /// The encodings that the fusion reads, with one rate for each modality.
  ///
  /// The random numbers come from libtorch's generator, like those of other dropout.
  static func applied(to encoded: [Tokens], of inputs: Inputs, rates: [Double]) -> [Tokens] {
    guard rates.contains(where: { $0 > 0 }), encoded.count > 1, let like = encoded.first?.values else { return encoded }
    // A part of a batch has the numbers that its samples have in the whole batch.
    let part = DropoutStream.shared.part
    let numbers = Tensor.uniform([part?.whole ?? inputs.count, encoded.count])
    let own = part.map { numbers[$0.first..<$0.first + $0.count] } ?? numbers
    let drawn = (own .>= Tensor(rates.map(Float.init))).to(like.device)
    let present = inputs.presence?.to(like.device)
    let count = (present.map { $0 .& drawn } ?? drawn).to(.int64).sum(1, keep: true)
    let kept = (drawn .| (count .== 0)).to(like.dtype)
    return encoded.enumerated().map { index, tokens in
      // A factor for each sample of features of any number of dimensions.
      func left(_ x: Tensor) -> Tensor {
        x * kept.select(1, index).reshaped(to: [-1] + Array(repeating: 1, count: x.rank - 1))
      }
      var tokens = tokens
      tokens.values = left(tokens.values)
      tokens.details = tokens.details.map(left)
      return tokens
    }
  }
}
