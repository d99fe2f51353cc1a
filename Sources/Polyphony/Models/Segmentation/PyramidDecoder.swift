import Torch

/// The classifier of one modality of a U-Net: 1 × 1 convolutions of its maps at all resolutions, summed from the coarsest
/// to the finest, as in a feature pyramid (Lin et al. 2017).
public final class PyramidDecoder: Module, ModalityClassifier {
  @Child var lateral: [Conv2d]
  /// The last layer, at each place.
  @Child("out_layer") public var outputLayer: Linear

  /// Makes a decoder.
  /// - Parameters:
  ///   - widths: the channels at each resolution, the finest first.
  ///   - outputs: the number of classes.
  public init(widths: [Int], outputs: Int) {
    super.init()
    lateral = widths.map { Conv2d($0, widths[0], kernel: 1) }
    outputLayer = Linear(widths[0], outputs)
  }

  /// The rectified sum, `[B, width, H, W]`.
  public func features(_ tokens: Tokens) -> Tensor {
    let maps = tokens.details + [tokens.map]
    var sum = lateral[maps.count - 1](maps[maps.count - 1])
    for level in (0..<maps.count - 1).reversed() {
      let own = lateral[level](maps[level])
      sum = own + sum.upsampledBilinear(to: [own.size(2), own.size(3)])
    }
    return sum.relu()
  }

  /// The last layer at each place.
  public func prediction(_ features: Tensor) -> Tensor { outputLayer.atEachPlace(features) }
}
