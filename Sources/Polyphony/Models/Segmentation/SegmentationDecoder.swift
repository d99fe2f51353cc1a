import Torch

/// The decoder of DeepLabV3+ up to its last layer (Chen et al. 2018): it joins coarse features and those of a finer grid.
///
/// A 1 × 1 convolution narrows the finer features to 48 channels, and bilinear upsampling brings the coarse ones to their
/// size. Both then pass 3 × 3 convolutions of `width` channels side by side.
public final class SegmentationDecoder: Module {
  private static let detailWidth = 48

  @Child var narrow: ConvolutionBlock
  @Child var convolutions: [ConvolutionBlock]
  private let dropouts: [Double]
  private let detailChannels: Int

  /// A decoder.
  /// - Parameters:
  ///   - coarse: channels of the coarse map.
  ///   - detail: channels of the finer map.
  ///   - width: channels of the output.
  ///   - dropouts: dropout behind each 3 × 3 convolution; there are as many convolutions.
  public init(coarse: Int, detail: Int, width: Int, dropouts: [Double]) {
    (self.dropouts, detailChannels) = (dropouts, detail)
    super.init()
    narrow = ConvolutionBlock(detail, Self.detailWidth, kernel: 1)
    convolutions = dropouts.indices.map { index in
      ConvolutionBlock(index == 0 ? coarse + Self.detailWidth : width, width, kernel: 3)
    }
  }

  /// `[B, width, h', w']` on the finer grid; without finer features the decoder reads zeros of four times the size.
  public func callAsFunction(_ coarse: Tensor, detail: Tensor?) -> Tensor {
    let detail =
      detail
      ?? .zeros(
        [coarse.size(0), detailChannels, coarse.size(2) * 4, coarse.size(3) * 4], dtype: coarse.dtype,
        device: coarse.device)
    let raised = coarse.upsampledBilinear(to: [detail.size(2), detail.size(3)])
    var x = Tensor.concatenated([raised, narrow(detail)], 1)
    for (block, dropout) in zip(convolutions, dropouts) { x = block(x).dropout(dropout, active: isTraining) }
    return x
  }
}
