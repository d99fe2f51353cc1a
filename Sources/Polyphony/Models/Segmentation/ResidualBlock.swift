import Torch

/// A residual block (He et al. 2016): x ← relu(shortcut(x) + N₃ W₃ relu(N₂ W₂ relu(N₁ W₁ x))), W₁ and W₃ 1 × 1, W₂ 3 × 3,
/// N batch normalisation. Parameters are named as in torchvision.
final class ResidualBlock: Module, AdaptableBlock {
  /// Output channels per plane.
  static let expansion = 4

  @Child("conv1") var first: Conv2d
  @Child("bn1") var firstNorm: BatchNorm2d
  @Child("conv2") var second: Conv2d
  @Child("bn2") var secondNorm: BatchNorm2d
  @Child("conv3") var third: Conv2d
  @Child("bn3") var thirdNorm: BatchNorm2d
  @Child("downsample") var shortcut: [Module]
  var change: ((Tensor) -> Tensor)?

  private let projection: (convolution: Conv2d, norm: BatchNorm2d)?

  /// A block from `inputs` channels to 4 · `planes`; the shortcut is a 1 × 1 convolution where shapes differ.
  init(_ inputs: Int, planes: Int, stride: Int, dilation: Int) {
    let outputs = planes * Self.expansion
    projection =
      stride != 1 || inputs != outputs
      ? (Conv2d(inputs, outputs, kernel: 1, stride: stride, bias: false), BatchNorm2d(outputs)) : nil
    super.init()
    first = Conv2d(inputs, planes, kernel: 1, bias: false)
    firstNorm = BatchNorm2d(planes)
    second = Conv2d(planes, planes, kernel: 3, stride: stride, padding: dilation, dilation: dilation, bias: false)
    secondNorm = BatchNorm2d(planes)
    third = Conv2d(planes, outputs, kernel: 1, bias: false)
    thirdNorm = BatchNorm2d(outputs)
    shortcut = projection.map { [$0.convolution, $0.norm] } ?? []
  }

  var channels: Int { third.weight.size(0) }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let inner = secondNorm(second(firstNorm(first(x)).relu())).relu()
    let residual = projection.map { $0.norm($0.convolution(x)) } ?? x
    return changed((thirdNorm(third(inner)) + residual).relu())
  }
}
