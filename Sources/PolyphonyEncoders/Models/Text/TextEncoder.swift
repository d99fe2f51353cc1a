import Polyphony
import Torch

/// The encoders of text in BERT's form: BERT, RoBERTa and XLM-R, DistilBERT, MPNet.
public final class TextEncoder: EncoderNetwork {
  @Child var embeddings: TextEmbeddings
  @Child var stack: [EncoderLayer]
  /// The relative positions of MPNet.
  @Child("encoder.relative_attention_bias") var relativePositions: Embedding?
  override var layers: [EncoderLayer] { stack }

  init(_ family: EncoderFamily, _ configuration: ConfigurationReader) throws(Fault) {
    let keys = family == .distilbert ? TextKeys.distilbert : .bert
    let shape = try keys.shape(configuration)
    let count = try configuration.integer(keys.layers, 1...1024)
    let names = LayerNames(family)
    _stack = Child(family == .distilbert ? "transformer.layer" : "encoder.layer")
    super.init(width: shape.width, layerCount: count)
    embeddings = try TextEmbeddings(family, configuration, shape)
    stack = (0..<count).map { _ in EncoderLayer(shape, names) }
    relativePositions = nil
    if family == .mpnet {
      let buckets = try configuration.integer("relative_attention_num_buckets", 32...32, default: 32)
      relativePositions = Embedding(buckets, shape.heads)
    }
  }

  override func encode(tokens: Tensor, mask: Tensor?, types: Tensor?, layer: Int?) throws(Fault) -> EncoderStates {
    let layout = try TokenChecks.layout(tokens, mask)
    let rows = try embeddings(tokens, types, layout)
    let bias = relativePositions.map { RelativePositions.bias($0, length: layout.length, farthest: 128) }
    let states = try run(rows, layout, stack, layer: layer, bias: { _, _ in bias })
    return EncoderStates(states, layerCount: layerCount)
  }
}

/// The keys by which a family's `config.json` names the sizes of its layers.
private struct TextKeys {
  let width: String
  let heads: String
  let layers: String
  let inner: String
  let activation: String
  let dropout: String
  let attentionDropout: String

  static let bert = TextKeys(
    width: "hidden_size", heads: "num_attention_heads", layers: "num_hidden_layers", inner: "intermediate_size",
    activation: "hidden_act", dropout: "hidden_dropout_prob", attentionDropout: "attention_probs_dropout_prob")
  static let distilbert = TextKeys(
    width: "dim", heads: "n_heads", layers: "n_layers", inner: "hidden_dim", activation: "activation",
    dropout: "dropout", attentionDropout: "attention_dropout")

  func shape(_ configuration: ConfigurationReader) throws(Fault) -> LayerShape {
    let width = try configuration.width(width)
    return LayerShape(
      width: width, heads: try configuration.heads(heads, width: width),
      inner: try configuration.width(inner), activation: try configuration.choice(activation, default: .gelu),
      epsilon: try configuration.number("layer_norm_eps", 0...1, default: 1e-12),
      attentionDropout: try configuration.rate(attentionDropout), dropout: try configuration.rate(dropout),
      normFirst: false)
  }
}

extension ConfigurationReader {
  /// Returns a number of features.
  func width(_ key: String) throws(Fault) -> Int { try integer(key, 1...65_536) }

  /// Returns a number of heads that divides a width.
  func heads(_ key: String, width: Int) throws(Fault) -> Int {
    let heads = try integer(key, 1...width)
    guard width.isMultiple(of: heads) else { throw fault(key, "a divisor of the width \(width)") }
    return heads
  }

  /// Returns a probability of dropout, 0.1 by default.
  func rate(_ key: String, default absent: Double = 0.1) throws(Fault) -> Double {
    let rate = try number(key, 0...1, default: absent)
    guard rate < 1 else { throw fault(key, "a rate from 0 to below 1") }
    return rate
  }
}

extension LayerNames {
  fileprivate init(_ family: EncoderFamily) {
    switch family {
    case .distilbert:
      self.init(
        query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin", output: "attention.out_lin",
        attentionNorm: "sa_layer_norm", widening: "ffn.lin1", narrowing: "ffn.lin2",
        feedForwardNorm: "output_layer_norm")
    case .mpnet:
      self.init(
        query: "attention.attn.q", key: "attention.attn.k", value: "attention.attn.v", output: "attention.attn.o",
        attentionNorm: "attention.LayerNorm", widening: "intermediate.dense", narrowing: "output.dense",
        feedForwardNorm: "output.LayerNorm")
    default:
      self.init(
        query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
        output: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
        widening: "intermediate.dense", narrowing: "output.dense", feedForwardNorm: "output.LayerNorm")
    }
  }
}
