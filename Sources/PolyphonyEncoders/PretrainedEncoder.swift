import Polyphony
import Torch

/// A pretrained encoder of text, pictures or sound, read from a folder in Hugging Face's layout.
///
/// The parameters have the published names. They get gradients until ``Module/freeze(where:)``, and dropout is off until
/// ``Module/train(_:)``.
///
/// ```swift
/// let encoder = try PretrainedEncoder("all-MiniLM-L6-v2")
/// let tokens = Tensor([101, 2307, 3185, 102, 101, 2919, 102, 0], shape: [2, 4])
/// let states = try encoder(tokens: tokens, mask: tokens .> 0)
/// let sentences = try states.pooled(.mean)  // [2, 384]
/// ```
public final class PretrainedEncoder: Module {
  /// The encoder's family.
  public let family: EncoderFamily
  /// The network of this family.
  @Child("") public private(set) var network: EncoderNetwork

  /// Reads `config.json` and the weights of a folder.
  ///
  /// The weights are `model.safetensors`, parts that `model.safetensors.index.json` lists, or a dictionary that PyTorch
  /// saved as `pytorch_model.bin` or `model.pt`. Half types become f32.
  /// - Parameter isFrozen: no parameter gets gradients or may be written to. Of `model.safetensors` the encoder then has
  ///   those pages in memory that it uses, which of a table of words are the rows of words that occur.
  /// - Throws: `Fault` for an absent file, a number out of range, an unknown family, and weights that the configuration
  ///   does not describe.
  public init(_ folder: String, isFrozen: Bool = false) throws(Fault) {
    let configuration = try ConfigurationReader(folder: folder)
    family = try configuration.choice("model_type")
    super.init()
    let family = family
    network = try AbstractTensors.make { () throws(Fault) in try family.network(configuration) }
    try network.take(try WeightFiles(folder: folder, mapped: isFrozen), ownName: family.ownName)
    train(false)
    if isFrozen { freeze() }
  }

  /// The number of features of the last layer, or of the embedding in CLIP.
  public var width: Int { network.width }
  /// The number of layers.
  public var layerCount: Int { network.layerCount }
  /// The layers of a transformer, from input to output. A convolutional network has none, and CLIP has those of its texts
  /// before those of its pictures.
  public var layers: [EncoderLayer] { network.layers }

  /// Returns the part that reads an input: one of CLIP's two encoders, or the whole network. It is nil if none does.
  public func tower(_ input: EncoderInput) -> EncoderNetwork? {
    family.inputs.contains(input) ? network.tower(input) : nil
  }

  /// Encodes texts.
  ///
  /// - Parameters:
  ///   - tokens: numbers of the encoder's tokenizer, `[batch, length]`, i64.
  ///   - mask: true for real tokens, `[batch, length]`. The default takes all as real. Padding is not computed.
  ///   - types: the numbers of the segments, `[batch, length]`, for encoders that know them. The default is 0.
  ///   - layer: the only layer whose states are kept, counted from the end if negative. Later layers are not computed.
  ///     The default keeps all.
  /// - Throws: `Fault` for an encoder of another input, and for tokens, types or a length that it does not know.
  public func callAsFunction(
    tokens: Tensor, mask: Tensor? = nil, types: Tensor? = nil, layer: Int? = nil
  ) throws(Fault) -> EncoderStates {
    try network.encode(tokens: tokens, mask: mask, types: types, layer: layer)
  }

  /// Encodes pictures, `[batch, 3, height, width]`, normalised as the encoder's `preprocessor_config.json` says.
  ///
  /// - Parameter layer: the only layer whose states are kept, as for ``callAsFunction(tokens:mask:types:layer:)``.
  /// - Throws: `Fault` for an encoder of another input, and for pictures of a size that it does not know.
  public func callAsFunction(pixels: Tensor, layer: Int? = nil) throws(Fault) -> EncoderStates {
    try network.encode(pixels: pixels, layer: layer)
  }

  /// Encodes sound, `[batch, samples]`, at the encoder's sample rate.
  ///
  /// - Parameters:
  ///   - mask: true for real samples, `[batch, samples]`; they come before the padding. The default takes all as real.
  ///   - layer: the only layer whose states are kept, as for ``callAsFunction(tokens:mask:types:layer:)``.
  /// - Throws: `Fault` for an encoder of another input, and for sound that is too short for one step.
  public func callAsFunction(waveform: Tensor, mask: Tensor? = nil, layer: Int? = nil) throws(Fault) -> EncoderStates {
    try network.encode(waveform: waveform, mask: mask, layer: layer)
  }
}

/// The network of a family. A subclass reads one or two forms of input.
public class EncoderNetwork: Module {
  /// The number of features of the last layer.
  public let width: Int
  /// The number of layers.
  public let layerCount: Int
  /// The layers of a transformer, from input to output.
  public var layers: [EncoderLayer] { [] }

  /// The layers that a training may change alone: those of a transformer, or the parts of a convolutional network.
  var trainedLayers: [Module] { layers }

  init(width: Int, layerCount: Int) {
    (self.width, self.layerCount) = (width, layerCount)
    super.init()
  }

  /// Returns the part that reads an input.
  func tower(_ input: EncoderInput) -> EncoderNetwork? { self }

  func encode(tokens: Tensor, mask: Tensor?, types: Tensor?, layer: Int?) throws(Fault) -> EncoderStates {
    throw unread("tokens")
  }

  func encode(pixels: Tensor, layer: Int?) throws(Fault) -> EncoderStates { throw unread("pictures") }

  func encode(waveform: Tensor, mask: Tensor?, layer: Int?) throws(Fault) -> EncoderStates { throw unread("sound") }

  private func unread(_ input: String) -> Fault {
    Fault(.usage, "this encoder does not read \(input)", remedy: "choose an encoder that was trained on \(input)")
  }

  /// Runs rows through layers, and keeps the states of one layer or of all.
  ///
  /// - Parameters:
  ///   - norm: the norm after the last layer, if there is one.
  ///   - bias: numbers that are added to the scores of every layer.
  func run(
    _ rows: Tensor, _ layout: SequenceLayout, _ layers: [EncoderLayer], layer: Int?,
    norm: (Tensor) -> Tensor = { $0 }, bias: Tensor? = nil
  ) throws(Fault) -> [Int: (rows: Tensor, layout: SequenceLayout)] {
    let wanted = try layer.map { (layer) throws(Fault) in
      try EncoderStates.place(of: layer, layerCount: layers.count)
    }
    var states: [Int: (rows: Tensor, layout: SequenceLayout)] = [:]
    var rows = rows
    for place in 0...(wanted ?? layers.count) {
      if place > 0 { rows = layers[place - 1](rows, layout, bias: bias) }
      if place == layers.count { rows = norm(rows) }
      if wanted == nil || place == wanted { states[place] = (rows, layout) }
    }
    return states
  }
}
