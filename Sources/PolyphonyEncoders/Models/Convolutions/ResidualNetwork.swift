import Polyphony
import Torch

/// ResNet (He et al. 2016). Layer 0 is the stem's output, and the further layers are the stages.
public final class ResidualNetwork: EncoderNetwork {
  @Child("embedder.embedder") var stem: ConvolutionBlock
  @Child("encoder.stages") var stages: [ResidualStage]
  override var trainedLayers: [Module] { stages }
  /// The pixels of a side for each place of the last stage.
  let reduction: Int

  init(_ configuration: ConfigurationReader) throws(Fault) {
    let channels = try configuration.integer("num_channels", 3...3, default: 3)
    let first = try configuration.integer("embedding_size", 1...65_536, default: 64)
    let widths = try configuration.integers(
      "hidden_sizes", 1...65_536, count: 1...64, default: [256, 512, 1024, 2048])
    let depths = try configuration.integers(
      "depths", 1...1024, count: widths.count...widths.count, default: [3, 4, 6, 3])
    let form: ResidualBlock.Form = try configuration.choice("layer_type", default: .bottleneck)
    let activation: Activation = try configuration.choice("hidden_act", default: .relu)
    let earlyStride = try configuration.flag("downsample_in_bottleneck", default: false)
    let reducesFirst = try configuration.flag("downsample_in_first_stage", default: false)
    if form == .bottleneck, widths.contains(where: { $0 < 4 }) {
      throw configuration.fault("hidden_sizes", "at least 4 features")
    }
    // The stem takes every fourth place, and each stage every second one.
    reduction = widths.dropFirst().reduce(reducesFirst ? 8 : 4) { size, _ in size * 2 }
    super.init(width: widths[widths.count - 1], layerCount: widths.count)
    stem = ConvolutionBlock(channels, first, kernel: 7, stride: 2, activation)
    stages = widths.indices.map { index in
      ResidualStage(
        depth: depths[index], inputs: index == 0 ? first : widths[index - 1], outputs: widths[index],
        stride: index == 0 && !reducesFirst ? 1 : 2, form, activation, earlyStride: earlyStride)
    }
  }

  override func encode(pixels: Tensor, layer: Int?) throws(Fault) -> EncoderStates {
    let first = { (x: Tensor) in self.stem(x).maxPool2d(kernel: 3, stride: 2, padding: 1) }
    return try run(pixels, [first] + stages.map { stage in { stage($0) } }, layer: layer)
  }
}

/// A stage of ResNet: blocks of one width, of which the first may halve the picture.
final class ResidualStage: Module {
  @Child("layers") var blocks: [ResidualBlock]

  init(
    depth: Int, inputs: Int, outputs: Int, stride: Int, _ form: ResidualBlock.Form, _ activation: Activation,
    earlyStride: Bool
  ) {
    super.init()
    blocks = (0..<depth).map { index in
      ResidualBlock(
        index == 0 ? inputs : outputs, outputs, stride: index == 0 ? stride : 1, form, activation,
        earlyStride: earlyStride)
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor { blocks.reduce(x) { $1($0) } }
}

/// A block of ResNet: act(f(x) + shortcut(x)).
final class ResidualBlock: Module {
  /// The forms of f.
  enum Form: String, CaseIterable {
    /// Two convolutions over 3×3 places.
    case basic
    /// One over 3×3 places with a quarter of the channels, between two of single places.
    case bottleneck
  }

  @Child("layer") var parts: [ConvolutionBlock]
  @Child var shortcut: ConvolutionBlock?
  private let activation: Activation

  init(_ inputs: Int, _ outputs: Int, stride: Int, _ form: Form, _ activation: Activation, earlyStride: Bool) {
    self.activation = activation
    super.init()
    switch form {
    case .basic:
      parts = [
        ConvolutionBlock(inputs, outputs, kernel: 3, stride: stride, .relu),
        ConvolutionBlock(outputs, outputs, kernel: 3, nil),
      ]
    case .bottleneck:
      let inner = outputs / 4
      parts = [
        ConvolutionBlock(inputs, inner, kernel: 1, stride: earlyStride ? stride : 1, .relu),
        ConvolutionBlock(inner, inner, kernel: 3, stride: earlyStride ? 1 : stride, .relu),
        ConvolutionBlock(inner, outputs, kernel: 1, nil),
      ]
    }
    let isEqual = inputs == outputs && stride == 1
    shortcut = isEqual ? nil : ConvolutionBlock(inputs, outputs, kernel: 1, stride: stride, nil)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { activation(parts.reduce(x) { $1($0) } + (shortcut?(x) ?? x)) }
}
