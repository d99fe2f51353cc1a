import Polyphony
import Torch

/// Silero's voice detector: the probability of speech in each block of 512 samples at 16 kHz (github.com/snakers4/silero-vad).
final class VoiceDetector {
  /// The samples in a second.
  static let rate = 16_000
  private static let block = 512
  /// The samples before a block that its spectrum begins with.
  private static let context = 64
  private let network: VoiceNetwork
  private let threshold: Double

  /// Reads the weights. `config.json` may have another `threshold` than 0.5.
  /// - Throws: `Fault(.badData)` for weights of another network and for a threshold out of range.
  init(_ folder: DetectorFolder) throws(Fault) {
    threshold = try folder.configuration.number("threshold", 0...1, default: 0.5)
    network = try AbstractTensors.make { () throws(Fault) in VoiceNetwork() }
    try network.take(try WeightFiles(folder: folder.path))
    network.freeze()
  }

  /// Refuses a sound without a block whose probability of speech reaches the threshold.
  /// - Throws: `Fault(.badData)`.
  func check(_ sound: Sound, _ path: String) throws(Fault) {
    let samples = sound.resampled(to: Self.rate).samples
    guard !probabilities(of: samples).contains(where: { Double($0) >= threshold }) else { return }
    throw Fault(.badData, "the sound has no speech", file: path)
  }

  /// Returns the probability of speech in each block. Zeros fill the last one.
  func probabilities(of samples: [Float]) -> [Float] {
    let count = (samples.count + Self.block - 1) / Self.block
    guard count > 0 else { return [] }
    let silence = { (count: Int) in [Float](repeating: 0, count: count) }
    let padded = silence(Self.context) + samples + silence(count * Self.block - samples.count)
    let length = Self.context + Self.block
    var blocks: [Float] = []
    blocks.reserveCapacity(count * (length + Self.context))
    for start in stride(from: 0, to: count * Self.block, by: Self.block) {
      let end = start + length
      blocks += padded[start..<end]
      // The end is reflected, without the last sample itself.
      blocks += padded[end - 1 - Self.context..<end - 1].reversed()
    }
    return noGrad { network(Tensor(blocks, shape: [count, 1, length + Self.context])).floats }
  }
}

/// The network of the detector: magnitudes of 129 frequencies, four convolutions, and an LSTM over the blocks.
private final class VoiceNetwork: Module {
  /// Cosines and then sines under a window, as a convolution.
  @Child("stft_conv") var spectrum: Conv1d
  @Child var conv1: Conv1d
  @Child var conv2: Conv1d
  @Child var conv3: Conv1d
  @Child var conv4: Conv1d
  @Child("lstm_cell") var memory: LSTMCell
  @Child("final_conv") var output: Conv1d
  private static let frequencies = 129

  override init() {
    super.init()
    spectrum = Conv1d(1, 2 * Self.frequencies, kernel: 256, stride: 128, bias: false)
    conv1 = Conv1d(Self.frequencies, 128, kernel: 3, padding: 1)
    conv2 = Conv1d(128, 64, kernel: 3, stride: 2, padding: 1)
    conv3 = Conv1d(64, 64, kernel: 3, stride: 2, padding: 1)
    conv4 = Conv1d(64, 128, kernel: 3, padding: 1)
    memory = LSTMCell(128, 128)
    output = Conv1d(128, 1)
  }

  /// Returns a probability for each of consecutive blocks, `[blocks, 1, 640]`.
  func callAsFunction(_ blocks: Tensor) -> Tensor {
    let waves = spectrum(blocks)
    let (cosines, sines) = (waves.slice(1, 0, Self.frequencies), waves.slice(1, Self.frequencies))
    var x = (cosines.squared() + sines.squared()).sqrt()
    for layer in [conv1, conv2, conv3, conv4] { x = layer(x).relu() }
    let states = memory(x.squeezed(2))
    return output(states.relu().unsqueezed(2)).sigmoid().flattened()
  }
}

/// The weights of one LSTM layer under the names of PyTorch's cell, with gates in the order i, f, g, o.
private final class LSTMCell: Module {
  @Parameter("weight_ih") var inputWeight: Tensor
  @Parameter("weight_hh") var stateWeight: Tensor
  @Parameter("bias_ih") var inputBias: Tensor
  @Parameter("bias_hh") var stateBias: Tensor
  private let width: Int

  init(_ inputs: Int, _ width: Int) {
    self.width = width
    super.init()
    inputWeight = .zeros([4 * width, inputs])
    stateWeight = .zeros([4 * width, width])
    (inputBias, stateBias) = (.zeros([4 * width]), .zeros([4 * width]))
  }

  /// Returns the states after each step of one sequence, `[steps, width]`, from a state of zeros.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let start = Tensor.zeros([1, 1, width])
    return Self.lstm(
      .tensor(x.unsqueezed(1)), .tensors([start, start]),
      .tensors([inputWeight, stateWeight, inputBias, stateBias]), .bool(true), .int(1), .double(0), .bool(false),
      .bool(false), .bool(false)
    ).squeezed(1)
  }

  private static let lstm = Operator("aten::lstm", "input")
}
