import Torch

/// A U-Net over several co-registered images or volumes, such as the contrasts of an MR examination (Ronneberger et al.
/// 2015, in the form of nnU-Net, Isensee et al. 2021).
///
/// Every modality has an encoder of its own. At each resolution a 1 × 1 convolution joins the maps of all modalities, and
/// one decoder reads the joined maps. So balancing, missing modalities and adaptation find each modality's own features.
/// Convolutions have two axes for images, and three for volumes, whose maps have a depth D before the height.
///
/// * Embed is the encoder's block at full resolution.
/// * Encode runs the other blocks. Each halves the resolution and doubles the channels, up to 16 · `width`.
///   ``Tokens/details`` carries the maps of the finer resolutions.
/// * Fuse joins the modalities at each resolution and runs the decoder. r is its map `[B, width, H, W]`, and the decoder's
///   coarser maps are ``Tokens/details``.
/// * The prediction `[B, classes, H, W]` is a linear layer at each place.
///
/// `width` is the number of channels at full resolution, and `layers` the number of resolutions. The dropout rate
/// `embedding` acts on the coarsest joined map.
public final class UNet: Module, Backbone {
  /// One modality's blocks, the finest resolution first.
  final class Encoder: Module {
    @Child var stages: [UNetBlock]

    init(channels: Int, widths: [Int], axes: Int) {
      super.init()
      stages = widths.indices.map { level in
        UNetBlock(level == 0 ? channels : widths[level - 1], widths[level], stride: level == 0 ? 1 : 2, axes: axes)
      }
    }
  }

  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration
  @Child var encoders: [Encoder]
  @Child var fusion: [Convolution]
  @Child var decoder: UNetDecoder
  /// The last layer, at each place.
  @Child("out_layer") public var outputLayer: Linear

  /// A model with random starting values.
  /// - Throws: `Fault(.usage)` if the coarsest resolution would be smaller than 2 pixels.
  public init(_ configuration: ModelConfiguration) throws(Fault) {
    self.configuration = configuration
    super.init()
    try checkResolutions()
    let (widths, axes) = (Self.widths(configuration), self.axes)
    encoders = configuration.modalities.map { Encoder(channels: $0.channels ?? 0, widths: widths, axes: axes) }
    fusion = widths.map { Convolution(axes: axes, encoders.count * $0, $0, kernel: 1, bias: false) }
    decoder = UNetDecoder(widths: widths, axes: axes)
    outputLayer = Linear(configuration.width, configuration.task.outputs)
  }

  /// The channels at each resolution, the finest first.
  static func widths(_ configuration: ModelConfiguration) -> [Int] {
    (0..<configuration.layers).map { configuration.width << min($0, 4) }
  }

  /// 2 for images, 3 for volumes.
  private var axes: Int { configuration.modalities[0].kind.axes }

  private func checkResolutions() throws(Fault) {
    let side = configuration.modalities.flatMap(\.extent).min() ?? 0
    let possible = (1...16).last { (1 << $0) <= side } ?? 1
    guard configuration.layers <= possible else {
      throw Fault(
        .usage, "the images are too small for so many resolutions", key: "model.layers",
        found: "\(configuration.layers) resolutions of \(side) pixels, each half as large as the one before",
        expected: "at most \(possible)")
    }
  }

  /// The first block of each encoder.
  public func embed(_ inputs: Inputs) -> [Tokens] {
    zip(inputs.modalities, encoders).map { Tokens(map: $1.stages[0]($0)) }
  }

  /// The other blocks; `afterLayer` may change the maps of each.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    var levels = [embedded.map { $0.map(grid(level: 0)) }]
    for level in 1..<max(1, configuration.layers) {
      var maps = zip(levels[level - 1], encoders).map { $1.stages[level]($0) }
      if let afterLayer {
        maps = afterLayer(level - 1, maps.map { Tokens(map: $0) }).map { $0.map(grid(level: level)) }
      }
      levels.append(maps)
    }
    return encoders.indices.map { modality in
      Tokens(map: levels[levels.count - 1][modality], details: levels.dropLast().map { $0[modality] })
    }
  }

  /// The joined maps at each resolution, through the decoder.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] {
    // A method may have made the tokens anew, without their grid and the finer maps.
    var levels = (0..<configuration.layers - 1).map { level in
      encoded.map { tokens in
        level < tokens.details.count ? tokens.details[level] : emptyMap(level, like: tokens.values)
      }
    }
    levels.append(encoded.map { $0.map(grid(level: configuration.layers - 1)) })
    var joined = zip(fusion, levels).map { $0(.concatenated($1, 1)) }
    joined[joined.count - 1] = joined[joined.count - 1].dropout(configuration.dropout.embedding, active: isTraining)
    let maps = decoder(joined)
    return [Tokens(map: maps[0], details: Array(maps.dropFirst()))]
  }

  private func emptyMap(_ level: Int, like values: Tensor) -> Tensor {
    let grid = grid(level: level)
    return .zeros(
      [values.size(0), Self.widths(configuration)[level]] + grid.sizes, dtype: values.dtype, device: values.device)
  }

  /// The decoder's map, `[B, width, H, W]`.
  public func represent(_ fused: [Tokens]) -> Tensor { fused[0].map(grid(level: 0)) }

  /// The same map.
  public func headFeatures(_ representation: Tensor) -> Tensor { representation }

  /// The last layer at each place.
  public func prediction(_ features: Tensor) -> Tensor { outputLayer.atEachPlace(features) }

  /// The last layer.
  public static let headPrefixes = ["out_layer"]

  /// The maps of each image.
  public var promptSite: PromptSite? { PromptSite(.maps, width: encodedWidth) }

  /// The encoder.
  public func encoderPrefixes(_ index: Int) -> [String] { ["encoders.\(index)."] }

  /// The first block of each encoder, whose channels come from the data.
  public var projectionPrefixes: [String] { encoders.indices.map { "encoders.\($0).stages.0." } }

  /// Channels of the coarsest maps.
  public var encodedWidth: Int { Self.widths(configuration).last ?? 0 }

  /// A light decoder of one modality's maps, without an encoder of its own.
  public func makeClassifier(of modality: Int, layers: Int) -> any ModalityClassifier {
    PyramidDecoder(widths: Self.widths(configuration), outputs: configuration.task.outputs, axes: axes)
  }

  /// The grid at a resolution. Each is half of the one before, rounded up.
  private func grid(level: Int) -> Tokens.Grid {
    Tokens.Grid(
      configuration.modalities[0].extent.map { size in (0..<level).reduce(size) { half, _ in (half + 1) / 2 } })
  }
}
