import Polyphony
import Torch

/// A convolution without a bias, its batch norm and its activation.
final class ConvolutionBlock: Module {
  @Child var convolution: Conv2d
  @Child("normalization") var norm: BatchNorm2d
  private let activation: Activation?
  private let kernel: Int
  private let stride: Int
  private let dilation: Int
  private let padsAsTensorFlow: Bool

  init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
    _ activation: Activation?, epsilon: Double = 1e-5, momentum: Double = 0.1, padsAsTensorFlow: Bool = false
  ) {
    (self.activation, self.kernel, self.stride, self.dilation) = (activation, kernel, stride, dilation)
    self.padsAsTensorFlow = padsAsTensorFlow
    super.init()
    let padding = padsAsTensorFlow ? 0 : kernel / 2 * dilation
    convolution = Conv2d(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups,
      bias: false)
    norm = BatchNorm2d(outputs, epsilon: epsilon, momentum: momentum)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let normed = norm(convolution(padsAsTensorFlow ? padded(x) : x))
    return activation?(normed) ?? normed
  }

  /// Pads so that the output has ⌈size / stride⌉ places. An odd zero goes behind, as in TensorFlow's form «same».
  private func padded(_ x: Tensor) -> Tensor {
    let widths = [x.size(3), x.size(2)].flatMap { size -> [Int] in
      let rest = size % stride
      let total = max(kernel - (rest == 0 ? stride : rest), 0)
      return [total / 2 * dilation, (total - total / 2) * dilation]
    }
    return x.padded(widths)
  }
}

extension EncoderNetwork {
  /// Applies the parts of a convolutional network one after another.
  ///
  /// A state is a sequence of places, row by row, `[batch, height·width, channels]`. The embedding is the mean over the
  /// places of the last one.
  func run(_ pixels: Tensor, _ parts: [(Tensor) -> Tensor], layer: Int?) throws(Fault) -> EncoderStates {
    try PictureChecks.shape(pixels, least: 1)
    let wanted = try layer.map { (layer) throws(Fault) in
      try EncoderStates.place(of: layer, layerCount: layerCount)
    }
    var states: [Int: (rows: Tensor, layout: SequenceLayout)] = [:]
    var embedding: Tensor?
    var x = pixels
    for place in 0...(wanted ?? layerCount) {
      x = parts[place](x)
      if wanted == nil || place == wanted {
        let sequence = x.flattened(2).transposed(1, 2)
        let layout = SequenceLayout(batch: sequence.size(0), length: sequence.size(1))
        states[place] = (layout.rows(of: sequence), layout)
      }
      if place == layerCount { embedding = x.mean(2, 3) }
    }
    return EncoderStates(states, layerCount: layerCount, embedding: embedding)
  }
}
