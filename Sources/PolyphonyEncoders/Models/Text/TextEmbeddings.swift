import Polyphony
import Torch

/// The first states of a text: word, position and segment, summed and normed.
final class TextEmbeddings: Module {
  @Child("word_embeddings") var words: Embedding
  @Child("position_embeddings") var positions: Embedding
  /// The segments, in families that know them.
  @Child("token_type_embeddings") var types: Embedding?
  @Child("LayerNorm") var norm: LayerNorm
  private let dropout: Double
  /// The number of the padding token, in families whose positions count the other tokens from the number after it.
  private let padding: Int?

  init(_ family: EncoderFamily, _ configuration: ConfigurationReader, _ shape: LayerShape) throws(Fault) {
    let words = try configuration.integer("vocab_size", 1...10_000_000)
    let positions = try configuration.integer("max_position_embeddings", 1...1_000_000)
    let knowsTypes = family != .distilbert && family != .mpnet
    let types = knowsTypes ? try configuration.integer("type_vocab_size", 1...1024, default: 2) : 0
    let absent = family == .bert || family == .distilbert ? 0 : 1
    let padding =
      family == .mpnet ? 1 : try configuration.integer("pad_token_id", 0...words - 1, default: absent)
    let counts = family == .roberta || family == .xlmRoberta || family == .mpnet
    self.padding = counts ? padding : nil
    dropout = shape.dropout
    super.init()
    self.words = Embedding(words, shape.width, padding: padding)
    self.positions = Embedding(positions, shape.width, padding: counts ? padding : nil)
    self.types = knowsTypes ? Embedding(types, shape.width) : nil
    norm = LayerNorm(shape.width, epsilon: shape.epsilon)
  }

  /// The most tokens of a text.
  var longest: Int { positions.weight.size(0) - (padding.map { $0 + 1 } ?? 0) }

  /// Returns the rows of the real tokens.
  func callAsFunction(_ tokens: Tensor, _ segments: Tensor?, _ layout: SequenceLayout) throws(Fault) -> Tensor {
    try TokenChecks.numbers(tokens, below: words.weight.size(0), "token")
    let places = try places(tokens, layout)
    var sum = words(layout.rows(of: tokens)) + positions(layout.rows(of: places))
    if let types {
      if let segments {
        try TokenChecks.shape(segments, like: tokens, "types")
        try TokenChecks.numbers(segments, below: types.weight.size(0), "type")
      }
      sum = sum + types(layout.rows(of: segments ?? tokens.zerosLike()))
    }
    return norm(sum).dropout(dropout, active: isTraining)
  }

  /// The rows of the table of positions, `[batch, length]`.
  private func places(_ tokens: Tensor, _ layout: SequenceLayout) throws(Fault) -> Tensor {
    let count = positions.weight.size(0)
    guard let padding else { return try TokenChecks.places(layout, longest: count, like: tokens) }
    try TokenChecks.length(layout, longest: count - padding - 1)
    let real = (.!(tokens .== Double(padding))).to(.int64)
    return real.cumulativeSum(1) * real + Tensor(Double(padding), dtype: .int64)
  }
}
