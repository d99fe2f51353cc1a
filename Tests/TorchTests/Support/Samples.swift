import Torch

/// Normal numbers that follow from a seed alone, whatever other tests draw meanwhile.
struct Samples {
  private let generator: Generator
  let dtype: DType

  init(_ seed: UInt64, _ dtype: DType = .float32) {
    generator = Generator(seed: seed)
    self.dtype = dtype
  }

  func normal(_ shape: Int...) -> Tensor { .normal(shape, generator: generator, dtype: dtype) }

  /// The same, as a leaf that gets gradients.
  func leaf(_ shape: Int...) -> Tensor { Tensor.normal(shape, generator: generator, dtype: dtype).requiringGradient() }

  /// Gives every parameter of a module new numbers of about its own size, and its element type.
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
  /// Parameters and their keys, as inputs for finite differences.
  var leaves: [(key: String, tensor: Tensor)] { parameters().map { ($0.key, $0.storage.tensor!) } }
}
