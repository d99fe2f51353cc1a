import Polyphony
import Torch

/// CLIP (Radford et al. 2021): an encoder of texts and one of pictures, with embeddings in one space.
public final class Contrastive: EncoderNetwork {
  @Child("text_model") var text: ContrastiveText?
  @Child("vision_model") var picture: ContrastivePicture?
  @Child("text_projection") var textProjection: Linear?
  @Child("visual_projection") var pictureProjection: Linear?
  override public var layers: [EncoderLayer] { (text?.layers ?? []) + (picture?.layers ?? []) }

  /// Makes both encoders, or one of them if the configuration is that of one.
  init(_ family: EncoderFamily, _ configuration: ConfigurationReader) throws(Fault) {
    let isWhole = family == .clip
    let text =
      family == .clipVision
      ? nil : try ContrastiveText(isWhole ? configuration.section("text_config") : configuration)
    let picture =
      family == .clipText
      ? nil : try ContrastivePicture(isWhole ? configuration.section("vision_config") : configuration)
    let isProjected = isWhole ? true : configuration.architecture.hasSuffix("WithProjection")
    let width = isProjected ? try configuration.integer("projection_dim", 1...65_536, default: 512) : nil
    let own = picture ?? text as EncoderNetwork?
    super.init(width: width ?? own?.width ?? 0, layerCount: own?.layerCount ?? 0)
    (self.text, self.picture) = (text, picture)
    textProjection = text.flatMap { text in width.map { Linear(text.width, $0, bias: false) } }
    pictureProjection = picture.flatMap { picture in width.map { Linear(picture.width, $0, bias: false) } }
  }

  override func tower(_ input: EncoderInput) -> EncoderNetwork? {
    switch input {
    case .tokens: text
    case .pixels: picture
    case .waveform: nil
    }
  }

  override func encode(tokens: Tensor, mask: Tensor?, types: Tensor?, layer: Int?) throws(Fault) -> EncoderStates {
    guard let text else { return try super.encode(tokens: tokens, mask: mask, types: types, layer: layer) }
    let states = try text.encode(tokens: tokens, mask: mask, types: types, layer: layer)
    return states.projected { textProjection?($0) ?? $0 }
  }

  override func encode(pixels: Tensor, layer: Int?) throws(Fault) -> EncoderStates {
    guard let picture else { return try super.encode(pixels: pixels, layer: layer) }
    return try picture.encode(pixels: pixels, layer: layer).projected { pictureProjection?($0) ?? $0 }
  }
}

/// CLIP's encoder of texts, in which a token sees only those before it.
final class ContrastiveText: EncoderNetwork {
  @Child("embeddings.token_embedding") var words: Embedding
  @Child("embeddings.position_embedding") var positions: Embedding
  @Child("encoder.layers") var stack: [EncoderLayer]
  @Child("final_layer_norm") var norm: LayerNorm
  override var layers: [EncoderLayer] { stack }
  /// The number of the token that ends a text.
  private let end: Int

  init(_ configuration: ConfigurationReader) throws(Fault) {
    let shape = try LayerShape(contrastive: configuration, causal: true)
    let count = try configuration.integer("num_hidden_layers", 1...1024, default: 12)
    let vocabulary = try configuration.integer("vocab_size", 1...10_000_000, default: 49_408)
    let longest = try configuration.integer("max_position_embeddings", 1...1_000_000, default: 77)
    end = try configuration.integer("eos_token_id", 0...10_000_000, default: 49_407)
    super.init(width: shape.width, layerCount: count)
    words = Embedding(vocabulary, shape.width)
    positions = Embedding(longest, shape.width)
    stack = (0..<count).map { _ in EncoderLayer(shape, .contrastive) }
    norm = LayerNorm(shape.width, epsilon: shape.epsilon)
  }

  override func encode(tokens: Tensor, mask: Tensor?, types: Tensor?, layer: Int?) throws(Fault) -> EncoderStates {
    let layout = try TokenChecks.layout(tokens, mask)
    try TokenChecks.numbers(tokens, below: words.weight.size(0), "token")
    let places = try TokenChecks.places(layout, longest: positions.weight.size(0), like: tokens)
    let rows = words(layout.rows(of: tokens)) + positions(layout.rows(of: places))
    let states = try run(rows, layout, stack, layer: layer, norm: { self.norm($0) })
    // Old configurations give a wrong number, 2. There the end is the token with the highest one.
    let isEnd = end == 2 ? tokens : (tokens .== Double(end)).to(.int64)
    let embedding = states[layerCount].map { rows, layout in
      layout.padded(rows).gathered(1, isEnd.argmax(1).view(-1, 1, 1).expanded(-1, 1, width)).squeezed(1)
    }
    return EncoderStates(states, layerCount: layerCount, embedding: embedding)
  }
}

/// CLIP's encoder of pictures.
final class ContrastivePicture: EncoderNetwork {
  @Child var embeddings: PatchEmbeddings
  /// The norm before the first layer, whose published name is misspelt.
  @Child("pre_layrnorm") var firstNorm: LayerNorm
  @Child("encoder.layers") var stack: [EncoderLayer]
  /// The norm of the first step, before the projection.
  @Child("post_layernorm") var norm: LayerNorm
  override var layers: [EncoderLayer] { stack }

  init(_ configuration: ConfigurationReader) throws(Fault) {
    let shape = try LayerShape(contrastive: configuration, causal: false)
    let count = try configuration.integer("num_hidden_layers", 1...1024, default: 12)
    super.init(width: shape.width, layerCount: count)
    let names = PatchEmbeddings.Names(
      projection: "patch_embedding", first: "class_embedding", positions: "position_embedding.weight",
      isBatched: false, hasBias: false)
    embeddings = try PatchEmbeddings(names, configuration, width: shape.width)
    firstNorm = LayerNorm(shape.width, epsilon: shape.epsilon)
    stack = (0..<count).map { _ in EncoderLayer(shape, .contrastive) }
    norm = LayerNorm(shape.width, epsilon: shape.epsilon)
  }

  override func encode(pixels: Tensor, layer: Int?) throws(Fault) -> EncoderStates {
    let first = firstNorm(try embeddings(pixels))
    let layout = SequenceLayout(batch: first.size(0), length: first.size(1))
    let states = try run(layout.rows(of: first), layout, stack, layer: layer)
    let embedding = states[layerCount].map { rows, layout in norm(layout.padded(rows).select(1, 0)) }
    return EncoderStates(states, layerCount: layerCount, embedding: embedding)
  }
}

extension LayerShape {
  /// The sizes of one of CLIP's encoders. Published configurations leave out what equals the small one's.
  init(contrastive configuration: ConfigurationReader, causal: Bool) throws(Fault) {
    let width = try configuration.integer("hidden_size", 1...65_536, default: causal ? 512 : 768)
    self.init(
      width: width,
      heads: try configuration.heads("num_attention_heads", width: width, default: causal ? 8 : 12),
      inner: try configuration.integer("intermediate_size", 1...65_536, default: causal ? 2048 : 3072),
      activation: try configuration.choice("hidden_act", default: .quickGelu),
      epsilon: try configuration.number("layer_norm_eps", 0...1, default: 1e-5),
      attentionDropout: try configuration.rate("attention_dropout", default: 0), normFirst: true, causal: causal)
  }
}

extension LayerNames {
  /// The names of CLIP.
  static let contrastive = LayerNames(
    query: "self_attn.q_proj", key: "self_attn.k_proj", value: "self_attn.v_proj", output: "self_attn.out_proj",
    attentionNorm: "layer_norm1", widening: "mlp.fc1", narrowing: "mlp.fc2", feedForwardNorm: "layer_norm2")
}
