import Polyphony
import Torch

/// The encoders of pictures in ViT's form: ViT, DeiT and DINOv2.
public final class VisionTransformer: EncoderNetwork {
  @Child var embeddings: PatchEmbeddings
  @Child("encoder.layer") var stack: [EncoderLayer]
  @Child("layernorm") var norm: LayerNorm
  override public var layers: [EncoderLayer] { stack }
  private let dropout: Double

  init(_ family: EncoderFamily, _ configuration: ConfigurationReader) throws(Fault) {
    let shape = try Self.shape(family, configuration)
    let count = try configuration.integer("num_hidden_layers", 1...1024)
    let gated = family == .dinov2 ? try configuration.flag("use_swiglu_ffn", default: false) : false
    dropout = shape.dropout
    super.init(width: shape.width, layerCount: count)
    let names = PatchEmbeddings.Names(
      projection: "patch_embeddings.projection", first: "cls_token",
      second: family == .deit ? "distillation_token" : nil, positions: "position_embeddings", isBatched: true,
      hasBias: true)
    embeddings = try PatchEmbeddings(names, configuration, width: shape.width)
    let layerNames = family == .dinov2 ? LayerNames.dinov2(gated: gated) : .vit
    stack = (0..<count).map { _ in EncoderLayer(shape, layerNames) }
    norm = LayerNorm(shape.width, epsilon: shape.epsilon)
  }

  override func encode(pixels: Tensor, layer: Int?) throws(Fault) -> EncoderStates {
    let states = try embeddings(pixels).dropout(dropout, active: isTraining)
    let layout = SequenceLayout(batch: states.size(0), length: states.size(1))
    let kept = try run(layout.rows(of: states), layout, stack, layer: layer, norm: { self.norm($0) })
    return EncoderStates(kept, layerCount: layerCount)
  }

  private static func shape(_ family: EncoderFamily, _ configuration: ConfigurationReader) throws(Fault) -> LayerShape {
    let width = try configuration.width("hidden_size")
    var inner: Int
    var activation: Activation = try configuration.choice("hidden_act", default: .gelu)
    if family == .dinov2 {
      inner = width * (try configuration.integer("mlp_ratio", 1...64, default: 4))
      if try configuration.flag("use_swiglu_ffn", default: false) {
        activation = .gatedSilu
        inner = (inner * 2 / 3 + 7) / 8 * 8
      }
      // Dropped paths act in training alone, and no published encoder has any.
      _ = try configuration.number("drop_path_rate", 0...0, default: 0)
    } else {
      inner = try configuration.width("intermediate_size")
    }
    return LayerShape(
      width: width, heads: try configuration.heads("num_attention_heads", width: width), inner: inner,
      activation: activation,
      epsilon: try configuration.number("layer_norm_eps", 0...1, default: family == .dinov2 ? 1e-6 : 1e-12),
      attentionDropout: try configuration.rate("attention_probs_dropout_prob", default: 0),
      dropout: try configuration.rate("hidden_dropout_prob", default: 0), normFirst: true,
      attentionBias: try configuration.flag("qkv_bias", default: true))
  }
}

extension LayerNames {
  /// The names of ViT and DeiT.
  static let vit = LayerNames(
    query: "attention.attention.query", key: "attention.attention.key", value: "attention.attention.value",
    output: "attention.output.dense", attentionNorm: "layernorm_before", widening: "intermediate.dense",
    narrowing: "output.dense", feedForwardNorm: "layernorm_after")

  /// The names of DINOv2, whose largest encoder has a gated feed-forward part.
  static func dinov2(gated: Bool) -> LayerNames {
    LayerNames(
      query: "attention.attention.query", key: "attention.attention.key", value: "attention.attention.value",
      output: "attention.output.dense", attentionNorm: "norm1", widening: gated ? "mlp.weights_in" : "mlp.fc1",
      narrowing: gated ? "mlp.weights_out" : "mlp.fc2", feedForwardNorm: "norm2",
      scales: (attention: "layer_scale1.lambda1", feedForward: "layer_scale2.lambda1"))
  }
}
