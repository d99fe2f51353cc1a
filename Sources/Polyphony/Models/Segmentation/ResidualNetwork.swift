import Torch

/// A residual network of four stages with output stride 16 (He et al. 2016; the dilation of Chen et al. 2018).
///
/// Stem: 7 × 7 with stride 2, maximum over 3 × 3 with stride 2. The stages have strides 1, 2, 2, 1; the last one
/// dilates its blocks by 2, 4 and 8 instead of striding (the multi-grid 1, 2, 4).
final class ResidualNetwork: Module {
  @Child("conv1") var stem: Conv2d
  @Child("bn1") var stemNorm: BatchNorm2d
  @Child("layer1") var stage1: [ResidualBlock]
  @Child("layer2") var stage2: [ResidualBlock]
  @Child("layer3") var stage3: [ResidualBlock]
  @Child("layer4") var stage4: [ResidualBlock]

  /// Channels after the first stage, at a quarter of the resolution.
  let detailChannels: Int
  /// Channels after the last stage.
  let channels: Int

  /// A network over images of some channels.
  init(channels inputs: Int, blocks: [Int], planes: Int) {
    detailChannels = planes * ResidualBlock.expansion
    channels = planes * 8 * ResidualBlock.expansion
    super.init()
    stem = Conv2d(inputs, planes, kernel: 7, stride: 2, padding: 3, bias: false)
    stemNorm = BatchNorm2d(planes)
    var previous = planes
    func stage(_ index: Int, stride: Int, dilations: [Int]) -> [ResidualBlock] {
      (0..<blocks[index]).map { block in
        defer { previous = (planes << index) * ResidualBlock.expansion }
        return ResidualBlock(
          previous, planes: planes << index, stride: block == 0 ? stride : 1,
          dilation: dilations[block % dilations.count])
      }
    }
    stage1 = stage(0, stride: 1, dilations: [1])
    stage2 = stage(1, stride: 2, dilations: [1])
    stage3 = stage(2, stride: 2, dilations: [1])
    stage4 = stage(3, stride: 1, dilations: [2, 4, 8])
  }

  /// The four stages.
  var stages: [[ResidualBlock]] { [stage1, stage2, stage3, stage4] }

  /// `[B, planes, H/4, W/4]`, sizes rounded up.
  func embed(_ x: Tensor) -> Tensor { stemNorm(stem(x)).relu().maxPool2d(kernel: 3, stride: 2, padding: 1) }
}
