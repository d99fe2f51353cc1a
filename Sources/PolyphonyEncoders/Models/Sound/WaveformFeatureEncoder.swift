import Polyphony
import Torch

/// The convolutions that turn a waveform into features, one step for about 20 ms at 16 kHz.
final class WaveformFeatureEncoder: Module {
  @Child("conv_layers") var blocks: [SoundBlock]
  /// The number of features.
  let width: Int
  private let kernels: [Int]
  private let strides: [Int]

  init(_ configuration: ConfigurationReader) throws(Fault) {
    let widths = try configuration.integers(
      "conv_dim", 1...65_536, count: 1...64, default: .init(repeating: 512, count: 7))
    let count = widths.count...widths.count
    kernels = try configuration.integers("conv_kernel", 1...4096, count: count, default: [10, 3, 3, 3, 3, 2, 2])
    strides = try configuration.integers("conv_stride", 1...4096, count: count, default: [5, 2, 2, 2, 2, 2, 2])
    let form: SoundBlock.Form = try configuration.choice("feat_extract_norm", default: .group)
    let hasBias = try configuration.flag("conv_bias", default: false)
    let activation: Activation = try configuration.choice("feat_extract_activation", default: .gelu)
    width = widths[widths.count - 1]
    super.init()
    blocks = widths.indices.map { index in
      SoundBlock(
        inputs: index == 0 ? 1 : widths[index - 1], outputs: widths[index], kernel: kernels[index],
        stride: strides[index], hasBias: hasBias, activation, form: form == .layer || index == 0 ? form : nil)
    }
  }

  /// The fewest samples, which make one step.
  var least: Int { zip(kernels, strides).reversed().reduce(1) { ($0 - 1) * $1.1 + $1.0 } }

  /// The number of steps of so many samples.
  func steps(of samples: Int) -> Int {
    zip(kernels, strides).reduce(samples) { $0 < $1.0 ? 0 : ($0 - $1.0) / $1.1 + 1 }
  }

  /// Returns features `[batch, steps, width]` of `[batch, samples]`.
  /// - Throws: `Fault(.badData)` if the sound is too short for one step.
  func callAsFunction(_ waveform: Tensor) throws(Fault) -> Tensor {
    guard waveform.size(1) >= least else {
      throw SoundEncoder.tooShort(waveform.size(1), least: least)
    }
    return blocks.reduce(waveform.unsqueezed(1)) { $1($0) }.transposed(1, 2)
  }

  /// Returns the mask of steps `[batch, length]` for a mask of samples.
  func mask(of samples: Tensor, length: Int) -> Tensor {
    let counts = samples.to(.bool).to(.int64).sum(1).integers.map(steps)
    let steps = Tensor.range(length, device: samples.device).unsqueezed(0)
    return steps .< Tensor(counts, shape: [counts.count, 1]).to(samples.device)
  }
}

/// One convolution of the features, with its norm and activation.
final class SoundBlock: Module {
  /// The kinds of norms.
  enum Form: String, CaseIterable {
    /// Each channel over the whole time, after the first convolution only.
    case group
    /// The channels of each step, after every convolution.
    case layer
  }

  @Child("conv") var convolution: Conv1d
  @Child("layer_norm") var layerNorm: LayerNorm?
  @Child("layer_norm") var groupNorm: GroupNorm?
  private let activation: Activation

  init(
    inputs: Int, outputs: Int, kernel: Int, stride: Int, hasBias: Bool, _ activation: Activation, form: Form?
  ) {
    self.activation = activation
    super.init()
    convolution = Conv1d(inputs, outputs, kernel: kernel, stride: stride, bias: hasBias)
    layerNorm = form == .layer ? LayerNorm(outputs) : nil
    groupNorm = form == .group ? GroupNorm(groups: outputs, channels: outputs) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var y = convolution(x)
    if let layerNorm { y = layerNorm(y.transposed(1, 2)).transposed(1, 2) }
    if let groupNorm { y = groupNorm(y) }
    return activation(y)
  }
}
