import Polyphony
import Torch

/// MobileNetV2 (Sandler et al. 2018).
///
/// Layer 0 is the stem's output. Sixteen inverted residuals and the last convolution follow.
public final class MobileNetwork: EncoderNetwork {
  @Child("conv_stem") var stem: MobileStem
  @Child("layer") var blocks: [InvertedResidual]
  @Child("conv_1x1") var last: ConvolutionBlock
  override var trainedLayers: [Module] { blocks + [last] }
  /// The pixels of a side for each place of the last layer.
  private(set) var reduction = 2

  init(_ configuration: ConfigurationReader) throws(Fault) {
    let form = try MobileForm(configuration)
    let widths = [16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320].map(form.channels)
    let keepsLast = try configuration.flag("finegrained_output", default: true) && form.multiplier < 1
    let outputs = keepsLast ? 1280 : form.channels(1280)
    super.init(width: outputs, layerCount: 17)
    stem = MobileStem(form, outputs: widths[0])
    var (stride, dilation) = (2, 1)
    blocks = zip([2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1], widths.indices).map { step, index in
      // Beyond the wanted stride, the convolutions widen instead.
      let isFull = stride == form.outputStride
      defer { if isFull { dilation *= step } else { stride *= step } }
      return InvertedResidual(
        form, widths[index], widths[index + 1], stride: isFull ? 1 : step, dilation: isFull ? dilation : 1)
    }
    last = form.block(widths[16], outputs, kernel: 1)
    reduction = stride
  }

  override func encode(pixels: Tensor, layer: Int?) throws(Fault) -> EncoderStates {
    let middle = blocks.map { block in { (x: Tensor) in block(x) } }
    return try run(pixels, [{ self.stem($0) }] + middle + [{ self.last($0) }], layer: layer)
  }
}

/// What all parts of a MobileNetV2 share.
struct MobileForm {
  let multiplier: Double
  let outputStride: Int
  let expandsFirst: Bool
  private let divisor: Int
  private let least: Int
  private let expansion: Double
  private let activation: Activation
  private let epsilon: Double
  private let padsAsTensorFlow: Bool

  init(_ configuration: ConfigurationReader) throws(Fault) {
    _ = try configuration.integer("num_channels", 3...3, default: 3)
    multiplier = try configuration.number("depth_multiplier", 0.01...16, default: 1)
    divisor = try configuration.integer("depth_divisible_by", 1...1024, default: 8)
    least = try configuration.integer("min_depth", 1...1024, default: 8)
    expansion = try configuration.number("expand_ratio", 1...64, default: 6)
    outputStride = try configuration.integer("output_stride", 2...32, default: 32)
    expandsFirst = try !configuration.flag("first_layer_is_expansion", default: true)
    activation = try configuration.choice("hidden_act", default: .relu6)
    epsilon = try configuration.number("layer_norm_eps", 0...1, default: 0.001)
    padsAsTensorFlow = try configuration.flag("tf_padding", default: true)
  }

  /// Scales a number of channels by the multiplier.
  func channels(_ count: Int) -> Int { divisible((Double(count) * multiplier).rounded(.toNearestOrEven)) }

  /// Widens a number of channels for the middle of an inverted residual.
  func expanded(_ count: Int) -> Int { divisible((Double(count) * expansion).rounded(.toNearestOrEven)) }

  func block(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
    isLinear: Bool = false
  ) -> ConvolutionBlock {
    ConvolutionBlock(
      inputs, outputs, kernel: kernel, stride: stride, dilation: dilation, groups: groups,
      isLinear ? nil : activation, epsilon: epsilon, momentum: 0.997, padsAsTensorFlow: padsAsTensorFlow)
  }

  /// Rounds to a multiple of the divisor, and loses at most a tenth.
  private func divisible(_ value: Double) -> Int {
    let rounded = max(least, Int(value + Double(divisor) / 2) / divisor * divisor)
    return Double(rounded) < 0.9 * value ? rounded + divisor : rounded
  }
}

/// The first convolutions of a MobileNetV2.
final class MobileStem: Module {
  @Child("first_conv") var first: ConvolutionBlock
  @Child("expand_1x1") var expand: ConvolutionBlock?
  @Child("conv_3x3") var middle: ConvolutionBlock
  @Child("reduce_1x1") var reduce: ConvolutionBlock

  init(_ form: MobileForm, outputs: Int) {
    let width = form.channels(32)
    super.init()
    first = form.block(3, width, kernel: 3, stride: 2)
    expand = form.expandsFirst ? form.block(width, width, kernel: 1) : nil
    middle = form.block(width, width, kernel: 3, groups: width)
    reduce = form.block(width, outputs, kernel: 1, isLinear: true)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = first(x)
    return reduce(middle(expand?(y) ?? y))
  }
}

/// An inverted residual: it widens, convolves each channel by itself, and narrows.
final class InvertedResidual: Module {
  @Child("expand_1x1") var expand: ConvolutionBlock
  @Child("conv_3x3") var middle: ConvolutionBlock
  @Child("reduce_1x1") var reduce: ConvolutionBlock
  private let isResidual: Bool

  init(_ form: MobileForm, _ inputs: Int, _ outputs: Int, stride: Int, dilation: Int) {
    let inner = form.expanded(inputs)
    isResidual = stride == 1 && inputs == outputs
    super.init()
    expand = form.block(inputs, inner, kernel: 1)
    middle = form.block(inner, inner, kernel: 3, stride: stride, dilation: dilation, groups: inner)
    reduce = form.block(inner, outputs, kernel: 1, isLinear: true)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = reduce(middle(expand(x)))
    return isResidual ? x + y : y
  }
}
