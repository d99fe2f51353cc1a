import Foundation
import Torch

/// The listings in the comments of `Torch`, compiled.
public enum TorchListings {
  /// ``Convolution``
  public static func volume() -> Tensor {
    let layer = Convolution(axes: 3, 4, 8, kernel: 3, padding: 1)
    let features = layer(.normal([1, 4, 16, 32, 32]))  // [1, 8, 16, 32, 32]
    return features
  }

  /// Loads libtorch and sets its threads and seed.
  public static func library() throws(Fault) {
    try Libtorch.load()
    Libtorch.threadCount = 4
    Libtorch.seed(17)
    print(Libtorch.version, Libtorch.arithmetic)
  }

  /// Computes with tensors and gradients.
  public static func tensors() {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    let weight = Tensor.normal([4, 3]).requiringGradient()
    let y = x.linear(weight, nil).relu()  // [2, 4]
    y.sum().backward()
    print(weight.gradient!.shape, y.floats)
  }

  /// Draws random numbers, saves the generator's state and restores it.
  public static func random() throws(Fault) -> ([Int], Tensor) {
    let generator = Generator(seed: 17)
    let noise = Tensor.normal([8, 40], generator: generator)
    let saved = generator.state
    let order = generator.permutation(8)
    try generator.restore(saved)  // the next permutation(8) is `order` again
    return (order, noise)
  }

  /// Applies layers.
  public static func layers() -> [Tensor] { [linear(), convolution(), attention()] + encoder() }

  private static func linear() -> Tensor {
    let layer = Linear(40, 16)
    let hidden = layer(.normal([8, 40])).relu()  // [8, 16]
    return hidden
  }

  private static func convolution() -> Tensor {
    let smooth = Conv1d(40, 16, kernel: 3)
    let features = smooth(.normal([8, 40, 50]))  // [8, 16, 48]
    return features
  }

  private static func attention() -> Tensor {
    let attention = MultiHeadAttention(width: 32, heads: 4)
    let (words, frames) = (Tensor.normal([8, 20, 32]), Tensor.normal([8, 50, 32]))
    let read = attention(words, memory: frames)  // [8, 20, 32]: every word reads all frames
    return read
  }

  private static func encoder() -> [Tensor] {
    let encoder = TransformerEncoder(width: 32, heads: 4, layers: 2)
    encoder.train(false)
    let words = Tensor.normal([8, 20, 32])  // [batch, steps, width]
    let mask = Tensor.ones([8, 20], dtype: .bool)  // true for real steps
    let states = encoder(words, mask: mask)  // [8, 20, 32]
    let last = encoder(words, mask: mask, readout: .last)  // [8, 1, 32]
    return [states, last]
  }

  final class Perceptron: Module {
    @Child var hidden: Linear
    @Child var output: Linear
    init(_ inputs: Int, _ outputs: Int) {
      super.init()
      (hidden, output) = (Linear(inputs, 32), Linear(32, outputs))
    }
    func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
  }

  final class Scale: Module {
    @Parameter("gamma") var scale: Tensor
    init(_ width: Int) {
      super.init()
      scale = .ones([width])
    }
    func callAsFunction(_ x: Tensor) -> Tensor { x * scale }
  }

  /// Trains a small model with Adam over batches of inputs and classes.
  public static func adam(_ batches: [(Tensor, Tensor)]) {
    let model = Perceptron(40, 3)
    let group = ParameterGroup("all", model.trainableParameters(), learningRate: 1e-3)
    let optimizer = Adam([group], decoupled: true)
    for (x, y) in batches {
      optimizer.zeroGradients()
      model(x).crossEntropy(y).backward()
      optimizer.clipGradients(norm: 1)
      optimizer.step()
    }
    schedule(group)
  }

  private static func schedule(_ group: ParameterGroup) {
    var schedule = LearningRateSchedule(.step(size: 10, gamma: 0.5))
    for epoch in 0..<20 {
      group.learningRate = 1e-3 * schedule.factor
      schedule.endEpoch(loss: 1 / Double(epoch + 1))
    }
  }

  /// Makes one step of stochastic gradient descent.
  public static func descent(_ x: Tensor, _ y: Tensor) {
    let model = Perceptron(40, 3)
    let group = ParameterGroup("all", model.trainableParameters(), learningRate: 0.1, weightDecay: 1e-4)
    let optimizer = SGD([group], momentum: 0.9, nesterov: true)
    model(x).crossEntropy(y).backward()
    optimizer.step()
    evaluate(model, x)
  }

  private static func evaluate(_ model: Perceptron, _ x: Tensor) {
    let evaluated = noGrad { model(x) }
    print(evaluated.requiresGradient)  // false
  }

  /// Writes a model's tensors to a safetensors file.
  public static func write(_ model: Module) throws(Fault) {
    let items = model.state().map { SafetensorsWriter.Item($0.key, $0.tensor) }
    try SafetensorsWriter.write(to: "model.safetensors", items, metadata: ["format": "pt"])
  }

  /// Reads a model's tensors from a safetensors file.
  public static func read(into model: Module) throws(Fault) -> Tensor {
    let file = try SafetensorsFile(path: "model.safetensors")
    for entry in file.entries { print(entry.name, entry.dtype, entry.shape) }
    let weight = try file.tensor("fc1.weight")
    try model.load(file.tensors(), file: file.path)
    return weight
  }

  /// Joins the group of processes that a launcher has started, and sums a number over it.
  public static func sum() throws(Fault) {
    if let place = try GroupPlace(environment: ProcessInfo.processInfo.environment) {
      let group = try ProcessGroup(place)
      let gradient = Tensor([Float(group.rank)])
      try group.sum(gradient)  // 0 + 1 + … + (size − 1), on every member
    }
  }
}
