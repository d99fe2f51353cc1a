import Torch

/// The classifier for segmentation, a light decoder of one modality: the model's decoder with a single convolution.
public final class LightDecoder: Module, ModalityClassifier {
  @Child var decoder: SegmentationDecoder
  /// The last layer, at each place.
  @Child("out_layer") public var outputLayer: Linear
  private let size: [Int]

  /// Makes a decoder for one modality of a segmentation model.
  public init(_ backbone: DeepLabV3Plus) {
    size = backbone.imageSize
    super.init()
    let configuration = backbone.configuration
    decoder = SegmentationDecoder(
      coarse: configuration.width, detail: backbone.detailChannels, width: configuration.width,
      dropouts: [configuration.dropout.residual])
    outputLayer = Linear(configuration.width, configuration.task.outputs)
  }

  /// The decoder's map.
  public func features(_ tokens: Tokens) -> Tensor { decoder(tokens.map, detail: tokens.details.first) }

  /// The last layer at each place, upsampled to the images' size.
  public func prediction(_ features: Tensor) -> Tensor {
    outputLayer.atEachPlace(features).upsampledBilinear(to: size)
  }
}
