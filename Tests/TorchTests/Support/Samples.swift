import Torch

/// Normal random numbers from a seed. Other tests that draw numbers at the same time do not change them.
struct Samples {
  private let generator: Generator
  let dtype: DType

  init(_ seed: UInt64, _ dtype: DType = .float32) {
    generator = Generator(seed: seed)
    self.dtype = dtype
  }

  func normal(_ shape: Int...) -> Tensor { .normal(shape, generator: generator, dtype: dtype) }

  /// Draws a tensor of normal numbers as a leaf that requires gradients.
  func leaf(_ shape: Int...) -> Tensor { Tensor.normal(shape, generator: generator, dtype: dtype).requiringGradient() }

  /// Fills every parameter of a module with normal numbers times `scale`, in the element type of the samples.
  func fill(_ module: Module, scale: Double = 0.5) {
    module.move(to: .cpu, dtype: dtype)
    noGrad {
      for (_, stored) in module.parameters() {
        let tensor = stored.tensor!
        let drawn = Tensor.normal(tensor.shape, generator: generator, dtype: dtype)
        tensor.copyInPlace(from: drawn * scale)
      }
    }
  }
}

extension Module {
  /// The parameters and their keys, as inputs for finite differences.
  var leaves: [(key: String, tensor: Tensor)] { parameters().map { ($0.key, $0.storage.tensor!) } }
}
