import Torch

/// The sizes and numbers that all layers of an encoder share.
struct LayerShape {
  let width: Int
  let heads: Int
  /// The features between the two layers of the feed-forward part.
  let inner: Int
  let activation: Activation
  let epsilon: Double
  /// The probability of dropping a share of attention.
  var attentionDropout = 0.0
  /// The probability of dropping a feature before it joins the residual stream.
  var dropout = 0.0
  /// The probability of dropping a feature after the activation.
  var innerDropout = 0.0
  /// True if each part reads a normed input, false if the sum after each part is normed.
  let normFirst: Bool
  /// True if a step sees only the steps before it.
  var causal = false
  /// True if queries, keys and values have a bias.
  var attentionBias = true
}

/// The published names of a layer's parts.
struct LayerNames {
  let query: String
  let key: String
  let value: String
  let output: String
  let attentionNorm: String
  let widening: String
  let narrowing: String
  let feedForwardNorm: String
  /// The names of the factors of both parts, for encoders that scale them.
  var scales: (attention: String, feedForward: String)?
}

/// One layer of a pretrained transformer encoder: attention, then a feed-forward part.
///
/// With the norm after: x ← LN(x + attention(x)), then x ← LN(x + W₂ act(W₁ x)). With the norm first:
/// x ← x + attention(LN x), then x ← x + W₂ act(W₁ LN x).
public final class EncoderLayer: Module {
  /// The projection to queries.
  @Child public var query: Linear
  /// The projection to keys.
  @Child public var key: Linear
  /// The projection to values.
  @Child public var value: Linear
  /// The projection of the joined heads.
  @Child public var output: Linear
  /// The norm of the attention part.
  @Child public var attentionNorm: LayerNorm
  /// W₁.
  @Child public var widening: Linear
  /// W₂.
  @Child public var narrowing: Linear
  /// The norm of the feed-forward part.
  @Child public var feedForwardNorm: LayerNorm
  /// The factors of the attention part's output, in encoders that scale it.
  @OptionalParameter var attentionScale: Tensor?
  /// The factors of the feed-forward part's output.
  @OptionalParameter var feedForwardScale: Tensor?
  /// The gate of the relative positions, in WavLM.
  @Child("attention") var gate: RelativeGate?
  /// The changes of a tuning method, if any.
  public var adapter: (any EncoderLayerAdapter)?
  let shape: LayerShape

  init(_ shape: LayerShape, _ names: LayerNames, isGated: Bool = false) {
    self.shape = shape
    _query = Child(names.query)
    _key = Child(names.key)
    _value = Child(names.value)
    _output = Child(names.output)
    _attentionNorm = Child(names.attentionNorm)
    _widening = Child(names.widening)
    _narrowing = Child(names.narrowing)
    _feedForwardNorm = Child(names.feedForwardNorm)
    _attentionScale = OptionalParameter(names.scales?.attention)
    _feedForwardScale = OptionalParameter(names.scales?.feedForward)
    super.init()
    let width = shape.width
    query = Linear(width, width, bias: shape.attentionBias)
    key = Linear(width, width, bias: shape.attentionBias)
    value = Linear(width, width, bias: shape.attentionBias)
    output = Linear(width, width)
    attentionNorm = LayerNorm(width, epsilon: shape.epsilon)
    widening = Linear(width, shape.inner * (shape.activation.isGated ? 2 : 1))
    narrowing = Linear(shape.inner, width)
    feedForwardNorm = LayerNorm(width, epsilon: shape.epsilon)
    gate = isGated ? RelativeGate(shape) : nil
    if names.scales != nil {
      attentionScale = .ones([width])
      feedForwardScale = .ones([width])
    }
  }

  /// Applies the layer to rows `[N, width]` of real steps.
  ///
  /// - Parameter bias: numbers that are added to the scores, broadcast to `[batch, heads, length, length]`.
  func callAsFunction(_ x: Tensor, _ layout: SequenceLayout, bias: Tensor? = nil) -> Tensor {
    let joined = attend(shape.normFirst ? attentionNorm(x) : x, layout, bias)
    if isPlain, let sum = Fused.residualNorm(x, joined, output, attentionNorm),
      let result = Fused.feedForwardNorm(sum, widening, narrowing, feedForwardNorm)
    {
      return result
    }
    let middle = x + layout.adapted(projected(joined), adapter?.adapt(attention:))
    let sum = shape.normFirst ? middle : attentionNorm(middle)
    let output =
      sum + layout.adapted(feedForward(shape.normFirst ? feedForwardNorm(sum) : sum), adapter?.adapt(feedForward:))
    return layout.adapted(shape.normFirst ? output : feedForwardNorm(output), adapter?.adapt(output:))
  }

  /// True for a layer in BERT's form with nothing between its parts.
  private var isPlain: Bool {
    !shape.normFirst && shape.activation == .gelu && !isTraining && adapter == nil && attentionScale == nil
      && feedForwardScale == nil
  }

  /// Returns the heads, joined and not yet projected.
  private func attend(_ x: Tensor, _ layout: SequenceLayout, _ bias: Tensor?) -> Tensor {
    let bias = bias.map { bias in gate.map { $0(layout.padded(x)) * bias } ?? bias }
    return layout.attention(
      query(x), key(x), value(x), heads: shape.heads, bias: bias, causal: shape.causal,
      dropout: isTraining ? shape.attentionDropout : 0, prefix: adapter?.prefix(batch: layout.batch))
  }

  private func projected(_ joined: Tensor) -> Tensor {
    let result = output(joined).dropout(shape.dropout, active: isTraining)
    return attentionScale.map { result * $0 } ?? result
  }

  /// The rows that the feed-forward part takes together where no gradient is wanted. Its hidden states are the largest
  /// tensors of an encoder.
  private static let piece = 512

  private func feedForward(_ x: Tensor) -> Tensor {
    guard !isTraining, x.size(0) > Self.piece, !x.requiresGradient, !widening.weight.requiresGradient else {
      return widenedAndNarrowed(x)
    }
    return .concatenated(
      stride(from: 0, to: x.size(0), by: Self.piece).map {
        widenedAndNarrowed(x.slice(0, $0, min($0 + Self.piece, x.size(0))))
      })
  }

  private func widenedAndNarrowed(_ x: Tensor) -> Tensor {
    let hidden = shape.activation(widening(x)).dropout(shape.innerDropout, active: isTraining)
    let result = narrowing(hidden).dropout(shape.dropout, active: isTraining)
    return feedForwardScale.map { result * $0 } ?? result
  }
}
