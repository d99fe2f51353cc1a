import Polyphony
import Torch

/// One of MTCNN's three networks: convolutions, a dense layer in two of them, and heads for probability and offsets.
final class FaceNetwork: Module {
  /// A convolution without padding, and the max pooling after it.
  struct Stage {
    let channels: Int
    let kernel: Int
    let pool: Int?
  }

  @Child("") private var layers: NamedModules
  private let stages: [Stage]
  private let hasDense: Bool
  private var last: Int { stages.count + (hasDense ? 1 : 0) }
  private var head: String { hasDense ? "dense\(last + 1)" : "conv\(last + 1)" }

  /// Makes a network on three colours.
  /// - Parameter dense: the inputs and outputs of the dense layer. Without one, every place of a picture has an answer.
  init(_ stages: [Stage], dense: (inputs: Int, outputs: Int)? = nil) {
    (self.stages, hasDense) = (stages, dense != nil)
    super.init()
    var layers = NamedModules()
    var channels = 3
    for (index, stage) in stages.enumerated() {
      layers["conv\(index + 1)"] = Conv2d(channels, stage.channels, kernel: stage.kernel)
      layers["prelu\(index + 1)"] = PReLU(stage.channels)
      channels = stage.channels
    }
    if let dense {
      layers["dense\(last)"] = Linear(dense.inputs, dense.outputs)
      layers["prelu\(last)"] = PReLU(dense.outputs)
      channels = dense.outputs
    }
    for (number, outputs) in [(1, 2), (2, 4)] {
      layers["\(head)_\(number)"] = hasDense ? Linear(channels, outputs) : Conv2d(channels, outputs, kernel: 1)
    }
    self.layers = layers
  }

  /// The network that looks at every place of a picture, 12 pixels wide (P-Net).
  static func proposal() -> FaceNetwork {
    FaceNetwork([
      Stage(channels: 10, kernel: 3, pool: 2), Stage(channels: 16, kernel: 3, pool: nil),
      Stage(channels: 32, kernel: 3, pool: nil),
    ])
  }

  /// The network of boxes of 24 pixels (R-Net).
  static func refinement() -> FaceNetwork {
    FaceNetwork(
      [
        Stage(channels: 28, kernel: 3, pool: 3), Stage(channels: 48, kernel: 3, pool: 3),
        Stage(channels: 64, kernel: 2, pool: nil),
      ], dense: (576, 128))
  }

  /// The network of boxes of 48 pixels (O-Net). Its positions of eyes, nose and mouth are not read.
  static func output() -> FaceNetwork {
    FaceNetwork(
      [
        Stage(channels: 32, kernel: 3, pool: 3), Stage(channels: 64, kernel: 3, pool: 3),
        Stage(channels: 64, kernel: 3, pool: 2), Stage(channels: 128, kernel: 2, pool: nil),
      ], dense: (1152, 256))
  }

  /// Returns probabilities, `[batch, …]`, and offsets of the four edges, `[batch, 4, …]`, with the two dimensions of
  /// places in a network without a dense layer.
  /// - Parameter pixels: `[batch, 3, height, width]` of 0 to 255.
  func callAsFunction(_ pixels: Tensor) -> (probabilities: Tensor, offsets: Tensor) {
    var x = (pixels - 127.5) * 0.0078125
    for (index, stage) in stages.enumerated() {
      x = applied("prelu\(index + 1)", to: applied("conv\(index + 1)", to: x))
      if let pool = stage.pool { x = x.maxPool2d(kernel: pool, stride: 2, ceil: true) }
    }
    if hasDense {
      // Caffe, where the weights come from, counts places column by column.
      x = applied("prelu\(last)", to: applied("dense\(last)", to: x.permuted(0, 3, 2, 1).flattened(1)))
    }
    return (applied("\(head)_1", to: x).softmax(1).select(1, 1), applied("\(head)_2", to: x))
  }

  private func applied(_ name: String, to x: Tensor) -> Tensor {
    switch layers[name] {
    case let layer as Conv2d: layer(x)
    case let layer as Linear: layer(x)
    case let layer as PReLU: layer(x)
    default: x
    }
  }
}

/// max(0, x) + a · min(0, x) with a trained number for each channel.
private final class PReLU: Module {
  @Parameter var weight: Tensor

  init(_ channels: Int) {
    super.init()
    weight = .full([channels], 0.25)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { Self.prelu(.tensor(x), .tensor(weight)) }

  private static let prelu = Operator("aten::prelu")
}
