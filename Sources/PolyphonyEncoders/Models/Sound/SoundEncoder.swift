import Polyphony
import Torch

/// The encoders of sound in wav2vec 2.0's form: wav2vec 2.0, HuBERT and WavLM.
public final class SoundEncoder: EncoderNetwork {
  @Child("feature_extractor") var features: WaveformFeatureEncoder
  @Child("feature_projection") var projection: SoundProjection
  @Child("encoder.pos_conv_embed") var positions: ConvolvedPositions
  @Child("encoder.layers") var stack: [EncoderLayer]
  @Child("encoder.layer_norm") var norm: LayerNorm
  /// The relative positions of WavLM, which the first layer's weights hold.
  @Child("encoder.layers.0.attention.rel_attn_embed") var relativePositions: Embedding?
  override public var layers: [EncoderLayer] { stack }
  private let shape: LayerShape
  private let farthest: Int

  init(_ family: EncoderFamily, _ configuration: ConfigurationReader) throws(Fault) {
    let shape = try LayerShape(sound: configuration)
    let count = try configuration.integer("num_hidden_layers", 1...1024)
    let isGated = family == .wavlm
    self.shape = shape
    farthest = isGated ? try configuration.integer("max_bucket_distance", 1...1 << 20, default: 800) : 0
    super.init(width: shape.width, layerCount: count)
    try Self.refuseUnknownParts(configuration)
    features = try WaveformFeatureEncoder(configuration)
    projection = try SoundProjection(
      configuration, inputs: features.width, shape,
      isNormed: family == .hubert ? configuration.flag("feat_proj_layer_norm", default: true) : true)
    positions = try ConvolvedPositions(configuration, width: shape.width)
    stack = (0..<count).map { _ in EncoderLayer(shape, .sound, isGated: isGated) }
    norm = LayerNorm(shape.width, epsilon: shape.epsilon)
    let buckets = isGated ? try configuration.integer("num_buckets", 8...65_536, default: 320) : 0
    guard buckets.isMultiple(of: 4), !isGated || farthest > buckets / 4 else {
      throw configuration.fault("num_buckets", "a multiple of 4 below 4 times max_bucket_distance")
    }
    relativePositions = isGated ? Embedding(buckets, shape.heads) : nil
  }

  override func encode(waveform: Tensor, mask: Tensor?, layer: Int?) throws(Fault) -> EncoderStates {
    guard waveform.rank == 2, waveform.size(0) > 0, waveform.dtype.isFloatingPoint else {
      throw Fault(
        .usage, "this is no sound", key: "waveform", found: "\(waveform)", expected: "float32[batch, samples]")
    }
    if let mask { try TokenChecks.shape(mask, like: waveform, "mask") }
    let extracted = try features(waveform)
    let (batch, length) = (extracted.size(0), extracted.size(1))
    let layout = SequenceLayout(
      batch: batch, length: length, mask: mask.map { features.mask(of: $0, length: length) })
    // The positions are convolved over padding too, which is zero.
    let states = layout.padded(layout.rows(of: projection(extracted)))
    var rows = layout.rows(of: states + positions(states))
    if !shape.normFirst { rows = norm(rows) }
    let bias = relativePositions.map { RelativePositions.bias($0, length: length, farthest: Double(farthest)) }
    let kept = try run(
      rows.dropout(shape.dropout, active: isTraining), layout, stack, layer: layer,
      norm: { self.shape.normFirst ? self.norm($0) : $0 }, bias: bias)
    return EncoderStates(kept, layerCount: layerCount)
  }

  /// Describes a sound that makes no step.
  static func tooShort(_ samples: Int, least: Int) -> Fault {
    Fault(
      .badData, "the sound is too short for the encoder", key: "waveform", found: "\(samples) samples",
      expected: "at least \(least)", remedy: "take a longer piece, or take the modality as missing")
  }

  /// Refuses parts that few published encoders have and this one does not build.
  private static func refuseUnknownParts(_ configuration: ConfigurationReader) throws(Fault) {
    for key in ["add_adapter", "conv_pos_batch_norm"] where try configuration.flag(key, default: false) {
      throw configuration.fault(key, "false")
    }
    _ = try configuration.integer("adapter_attn_dim", 0...0, default: 0)
  }
}

/// The projection of extracted features to the width of the layers.
final class SoundProjection: Module {
  @Child("layer_norm") var norm: LayerNorm?
  @Child var projection: Linear
  private let dropout: Double

  init(_ configuration: ConfigurationReader, inputs: Int, _ shape: LayerShape, isNormed: Bool) throws(Fault) {
    dropout = try configuration.rate("feat_proj_dropout", default: 0)
    super.init()
    norm = isNormed ? LayerNorm(inputs, epsilon: shape.epsilon) : nil
    projection = Linear(inputs, shape.width)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    projection(norm?(x) ?? x).dropout(dropout, active: isTraining)
  }
}

/// Positions as a grouped convolution of the states themselves (Baevski et al. 2020, section 2).
final class ConvolvedPositions: Module {
  /// The norms of the kernel's steps, `[1, 1, kernel]`. The weight is this number times the normed direction.
  @Parameter("conv.parametrizations.weight.original0") var norms: Tensor
  /// The directions, `[width, width / groups, kernel]`.
  @Parameter("conv.parametrizations.weight.original1") var directions: Tensor
  @Parameter("conv.bias") var bias: Tensor
  private let kernel: Int
  private let groups: Int
  private let activation: Activation

  init(_ configuration: ConfigurationReader, width: Int) throws(Fault) {
    kernel = try configuration.integer("num_conv_pos_embeddings", 1...65_536, default: 128)
    groups = try configuration.heads("num_conv_pos_embedding_groups", width: width, default: 16)
    activation = try configuration.choice("feat_extract_activation", default: .gelu)
    super.init()
    norms = .ones([1, 1, kernel])
    directions = .normal([width, width / groups, kernel])
    bias = .zeros([width])
  }

  /// Returns positions for states `[batch, length, width]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let weight = directions * (norms / directions.norm(0, 1, keep: true))
    let convolved = x.transposed(1, 2)
      .convolution(weight, bias, stride: [1], padding: [kernel / 2], dilation: [1], groups: groups)
    // An even kernel gives one step too many.
    return activation(convolved.slice(2, 0, x.size(1))).transposed(1, 2)
  }
}

extension LayerShape {
  fileprivate init(sound configuration: ConfigurationReader) throws(Fault) {
    let width = try configuration.width("hidden_size")
    self.init(
      width: width, heads: try configuration.heads("num_attention_heads", width: width),
      inner: try configuration.width("intermediate_size"),
      activation: try configuration.choice("hidden_act", default: .gelu),
      epsilon: try configuration.number("layer_norm_eps", 0...1, default: 1e-5),
      attentionDropout: try configuration.rate("attention_dropout"), dropout: try configuration.rate("hidden_dropout"),
      innerDropout: try configuration.rate("activation_dropout"),
      normFirst: try configuration.flag("do_stable_layer_norm", default: false))
  }
}

extension LayerNames {
  /// The names of wav2vec 2.0 and its relatives.
  fileprivate static let sound = LayerNames(
    query: "attention.q_proj", key: "attention.k_proj", value: "attention.v_proj", output: "attention.out_proj",
    attentionNorm: "layer_norm", widening: "feed_forward.intermediate_dense", narrowing: "feed_forward.output_dense",
    feedForwardNorm: "final_layer_norm")
}
