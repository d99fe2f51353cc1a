import Torch

/// Atrous spatial pyramid pooling (Chen et al. 2018): convolutions of one map at several dilations, and its mean.
///
/// A 1 × 1 convolution joins five parts of `width` channels: another 1 × 1 convolution, 3 × 3 ones with dilations 2, 4 and
/// 6, and the mean over all places. The dilations are those of CGGM's released code, for images of 160 pixels. The
/// pyramid's paper has 6, 12 and 18 for images of 513.
final class AtrousPyramid: Module {
  private static let dilations = [2, 4, 6]

  @Child var point: ConvolutionBlock
  @Child var atrous: [ConvolutionBlock]
  @Child var pooled: ConvolutionBlock
  @Child var join: ConvolutionBlock
  private let dropout: Double

  init(_ inputs: Int, width: Int, dropout: Double) {
    self.dropout = dropout
    super.init()
    point = ConvolutionBlock(inputs, width, kernel: 1)
    atrous = Self.dilations.map { ConvolutionBlock(inputs, width, kernel: 3, dilation: $0) }
    pooled = ConvolutionBlock(inputs, width, kernel: 1)
    join = ConvolutionBlock(width * (2 + Self.dilations.count), width, kernel: 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let size = [x.size(2), x.size(3)]
    let mean = pooled(x.averagePool2d(to: [1, 1])).upsampledBilinear(to: size)
    return join(.concatenated([point(x)] + atrous.map { $0(x) } + [mean], 1))
      .dropout(dropout, active: isTraining)
  }
}

/// A convolution that keeps the size, batch normalisation, rectifier.
final class ConvolutionBlock: Module {
  @Child("conv") var convolution: Conv2d
  @Child("bn") var norm: BatchNorm2d

  init(_ inputs: Int, _ outputs: Int, kernel: Int, dilation: Int = 1) {
    super.init()
    convolution = Conv2d(
      inputs, outputs, kernel: kernel, padding: kernel / 2 * dilation, dilation: dilation, bias: false)
    norm = BatchNorm2d(outputs)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { norm(convolution(x)).relu() }
}
