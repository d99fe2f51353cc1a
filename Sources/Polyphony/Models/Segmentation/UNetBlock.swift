import Torch

/// Two 3 × 3 convolutions at one resolution, each with instance normalisation and a leaky rectifier of slope 0.01
/// (Isensee et al. 2021, nnU-Net). The first one may halve the resolution.
final class UNetBlock: Module, AdaptableBlock {
  @Child("conv1") var first: Conv2d
  @Child("norm1") var firstNorm: InstanceNorm
  @Child("conv2") var second: Conv2d
  @Child("norm2") var secondNorm: InstanceNorm
  var change: ((Tensor) -> Tensor)?

  init(_ inputs: Int, _ outputs: Int, stride: Int = 1) {
    super.init()
    first = Conv2d(inputs, outputs, kernel: 3, stride: stride, padding: 1, bias: false)
    firstNorm = InstanceNorm(outputs)
    second = Conv2d(outputs, outputs, kernel: 3, padding: 1, bias: false)
    secondNorm = InstanceNorm(outputs)
  }

  var channels: Int { second.weight.size(0) }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = secondNorm(second(firstNorm(first(x)).leakyRelu())).leakyRelu()
    return change?(y) ?? y
  }
}

/// The ascending half of a U-Net: from the coarsest map to the finest, which it joins with the encoders' maps.
final class UNetDecoder: Module {
  @Child("raise") var raises: [ConvTranspose2d]
  @Child var stages: [UNetBlock]

  /// Makes a decoder.
  /// - Parameter widths: the channels at each resolution, the finest first.
  init(widths: [Int]) {
    super.init()
    let steps = zip(widths, widths.dropFirst())
    raises = steps.map { fine, coarse in ConvTranspose2d(coarse, fine, kernel: 2) }
    stages = steps.map { fine, _ in UNetBlock(2 * fine, fine) }
  }

  /// The decoder's maps at all resolutions but the coarsest, from the maps at all resolutions, each the finest first.
  ///
  /// With one resolution the result is its map.
  func callAsFunction(_ maps: [Tensor]) -> [Tensor] {
    var x = maps[maps.count - 1]
    var results: [Tensor] = []
    for level in stages.indices.reversed() {
      // A resolution of odd size was halved upwards.
      let raised = raises[level](x).slice(2, 0, maps[level].size(2)).slice(3, 0, maps[level].size(3))
      x = stages[level](.concatenated([raised, maps[level]], 1))
      results.append(x)
    }
    return results.isEmpty ? [x] : results.reversed()
  }
}
