import Torch

/// Two convolutions of width 3 at one resolution, each with instance normalisation and a leaky rectifier of slope 0.01
/// (Isensee et al. 2021, nnU-Net). The first one may halve the resolution.
final class UNetBlock: Module, AdaptableBlock {
  @Child("conv1") var first: Convolution
  @Child("norm1") var firstNorm: InstanceNorm
  @Child("conv2") var second: Convolution
  @Child("norm2") var secondNorm: InstanceNorm
  var change: ((Tensor) -> Tensor)?

  /// Makes a block over 2 axes for images, and over 3 for volumes.
  init(_ inputs: Int, _ outputs: Int, stride: Int = 1, axes: Int = 2) {
    super.init()
    first = Convolution(axes: axes, inputs, outputs, kernel: 3, stride: stride, padding: 1, bias: false)
    firstNorm = InstanceNorm(outputs)
    second = Convolution(axes: axes, outputs, outputs, kernel: 3, padding: 1, bias: false)
    secondNorm = InstanceNorm(outputs)
  }

  var channels: Int { second.weight.size(0) }

  func callAsFunction(_ x: Tensor) -> Tensor {
    changed(secondNorm(second(firstNorm(first(x)).leakyRelu())).leakyRelu())
  }
}

/// The ascending half of a U-Net: from the coarsest map to the finest, which it joins with the encoders' maps.
final class UNetDecoder: Module {
  @Child("raise") var raises: [ConvolutionTranspose]
  @Child var stages: [UNetBlock]

  /// Makes a decoder.
  /// - Parameters:
  ///   - widths: the channels at each resolution, the finest first.
  ///   - axes: 2 for images, 3 for volumes.
  init(widths: [Int], axes: Int = 2) {
    super.init()
    let steps = zip(widths, widths.dropFirst())
    raises = steps.map { fine, coarse in ConvolutionTranspose(axes: axes, coarse, fine, kernel: 2) }
    stages = steps.map { fine, _ in UNetBlock(2 * fine, fine, axes: axes) }
  }

  /// The decoder's maps at all resolutions but the coarsest, from the maps at all resolutions, each the finest first.
  ///
  /// With one resolution the result is its map.
  func callAsFunction(_ maps: [Tensor]) -> [Tensor] {
    var x = maps[maps.count - 1]
    var results: [Tensor] = []
    for level in stages.indices.reversed() {
      // A resolution of odd size was halved upwards.
      let raised = Patch.start(maps[level].shape.dropFirst(2)).part(of: raises[level](x))
      x = stages[level](.concatenated([raised, maps[level]], 1))
      results.append(x)
    }
    return results.isEmpty ? [x] : results.reversed()
  }
}
