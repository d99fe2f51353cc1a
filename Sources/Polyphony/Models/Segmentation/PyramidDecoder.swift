import Torch

/// The classifier of one modality of a U-Net: 1 × 1 convolutions of its maps at all resolutions, summed from the coarsest
/// to the finest, as in a feature pyramid (Lin et al. 2017).
public final class PyramidDecoder: Module, ModalityClassifier {
  @Child var lateral: [Convolution]
  /// The last layer, at each place.
  @Child("out_layer") public var outputLayer: Linear

  /// Makes a decoder.
  /// - Parameters:
  ///   - widths: the channels at each resolution, the finest first.
  ///   - outputs: the number of classes.
  ///   - axes: 2 for images, 3 for volumes.
  public init(widths: [Int], outputs: Int, axes: Int = 2) {
    super.init()
    lateral = widths.map { Convolution(axes: axes, $0, widths[0], kernel: 1) }
    outputLayer = Linear(widths[0], outputs)
  }

  /// The rectified sum, `[B, width, …]` at full resolution.
  public func features(_ tokens: Tokens) -> Tensor {
    let maps = tokens.maps
    var sum = lateral[maps.count - 1](maps[maps.count - 1])
    for level in (0..<maps.count - 1).reversed() {
      let own = lateral[level](maps[level])
      let size = Array(own.shape.dropFirst(2))
      sum = own + (size.count == 3 ? sum.upsampledTrilinear(to: size) : sum.upsampledBilinear(to: size))
    }
    return sum.relu()
  }

  /// The last layer at each place.
  public func prediction(_ features: Tensor) -> Tensor { outputLayer.atEachPlace(features) }
}
