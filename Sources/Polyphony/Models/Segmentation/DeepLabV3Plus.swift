import Torch

/// DeepLabV3+ over several co-registered images (Chen et al. 2018; the multi-input form of CGGM, arXiv 2411.01409 §4.1).
///
/// Every modality has a residual network and an atrous pyramid of its own. One decoder reads their coarse maps and the
/// maps of their first stages side by side.
///
/// * Embed is the network's stem.
/// * Encode runs its four stages and the pyramid; ``Tokens/details`` carries the first stage's map.
/// * Fuse is the decoder, and r is its map `[B, width, H/4, W/4]`.
/// * The prediction `[B, classes, H, W]` is a linear layer at each place, upsampled bilinearly.
///
/// The linear layer comes before the upsampling. Both are linear, and bilinear weights add up to one, so the order does not
/// change the result, and this one takes a sixteenth of the work.
public final class DeepLabV3Plus: Module, Backbone {
  /// One modality's network and pyramid.
  final class Encoder: Module {
    @Child("backbone") var network: ResidualNetwork
    @Child("aspp") var pyramid: AtrousPyramid

    init(_ channels: Int, _ configuration: ModelConfiguration) {
      super.init()
      let name = configuration.encoder ?? .small
      network = ResidualNetwork(
        channels: channels, blocks: name.blocks(layers: configuration.layers), planes: name.planes)
      pyramid = AtrousPyramid(
        network.channels, width: configuration.width, dropout: configuration.dropout.embedding)
    }
  }

  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration
  @Child var encoders: [Encoder]
  @Child var decoder: SegmentationDecoder
  /// The last layer, at each place.
  @Child("out_layer") public var outputLayer: Linear

  /// A model with random starting values. Dropout: `embedding` behind the pyramids and the decoder's first convolution
  /// (0.5 as published), `residual` behind its second (0.1).
  public init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    super.init()
    encoders = configuration.modalities.map { Encoder($0.channels ?? 0, configuration) }
    decoder = SegmentationDecoder(
      coarse: encoders.count * configuration.width,
      detail: encoders.reduce(0) { $0 + $1.network.detailChannels }, width: configuration.width,
      dropouts: [configuration.dropout.embedding, configuration.dropout.residual])
    outputLayer = Linear(configuration.width, configuration.task.outputs)
  }

  /// Channels of one modality's finer map.
  public var detailChannels: Int { encoders[0].network.detailChannels }

  /// The stem of each modality's network.
  public func embed(_ inputs: Inputs) -> [Tokens] {
    zip(inputs.modalities, encoders).map { Tokens(map: $1.network.embed($0)) }
  }

  /// The four stages of each network, then its pyramid.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    var maps = embedded.map { $0.map(grid(divisions: 2)) }
    var details: [Tensor] = []
    for stage in 0..<4 {
      maps = zip(maps, encoders).map { map, encoder in encoder.network.stages[stage].reduce(map) { $1($0) } }
      if let afterLayer {
        let changed = afterLayer(stage, maps.map { Tokens(map: $0) })
        maps = zip(changed, maps).map { $0.map(.init(height: $1.size(2), width: $1.size(3))) }
      }
      if stage == 0 { details = maps }
    }
    return zip(zip(maps, details), encoders).map { Tokens(map: $1.pyramid($0.0), details: [$0.1]) }
  }

  /// The decoder over all modalities.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] {
    // A method may have made the tokens anew, without their grid.
    let coarse = encoded.map { $0.map(grid(divisions: 4)) }
    let details = encoded.compactMap(\.details.first)
    let detail = details.count == encoded.count ? Tensor.concatenated(details, 1) : nil
    return [Tokens(map: decoder(.concatenated(coarse, 1), detail: detail))]
  }

  /// The decoder's map, `[B, width, H/4, W/4]`.
  public func represent(_ fused: [Tokens]) -> Tensor { fused[0].map }

  /// The same map.
  public func headFeatures(_ representation: Tensor) -> Tensor { representation }

  /// The last layer at each place, upsampled to the images' size.
  public func prediction(_ features: Tensor) -> Tensor {
    outputLayer.atEachPlace(features).upsampledBilinear(to: imageSize)
  }

  /// The last layer.
  public static let headPrefixes = ["out_layer"]

  /// The maps of each image.
  public var promptSite: PromptSite? { PromptSite(.maps, width: encodedWidth) }

  /// Network and pyramid.
  public func encoderPrefixes(_ index: Int) -> [String] { ["encoders.\(index)."] }

  /// A light decoder of one modality's maps, without an encoder of its own.
  public func makeClassifier(of modality: Int, layers: Int) -> any ModalityClassifier { LightDecoder(self) }

  /// Height and width of all images.
  public var imageSize: [Int] { [configuration.modalities[0].height ?? 0, configuration.modalities[0].width ?? 0] }

  /// The grid after so many strides of 2, each of which rounds up.
  private func grid(divisions: Int) -> Tokens.Grid {
    let sizes = imageSize.map { size in (0..<divisions).reduce(size) { half, _ in (half + 1) / 2 } }
    return .init(height: sizes[0], width: sizes[1])
  }
}

extension Linear {
  /// The layer over the channels of a map, `[B, inputs, …]` to `[B, outputs, …]` with the same places.
  func atEachPlace(_ map: Tensor) -> Tensor {
    let last = map.rank - 1
    return self(map.permuted(to: [0] + Array(2...last) + [1])).permuted(to: [0, last] + Array(1..<last))
  }
}
