import Foundation

/// Starting values of parameters, drawn from libtorch's default generator.
public enum Initialization {
  /// Draws from the uniform distribution in ±√(6 / (in + out)) (Glorot & Bengio 2010).
  public static func xavierUniform(_ shape: [Int]) -> Tensor {
    let (fanIn, fanOut) = fans(shape)
    return uniform(shape, (6.0 / Double(fanIn + fanOut)).squareRoot())
  }

  /// Draws uniformly in ±1/√in, PyTorch's default for linear layers and convolutions (Kaiming uniform with a = √5).
  public static func fanIn(_ shape: [Int]) -> Tensor { uniform(shape, 1 / Double(fans(shape).0).squareRoot()) }

  /// Draws a bias beside a weight of this shape, uniformly in ±1/√in, as PyTorch does by default.
  public static func bias(_ count: Int, beside weight: [Int]) -> Tensor {
    uniform([count], 1 / Double(fans(weight).0).squareRoot())
  }

  /// Draws from the normal distribution with mean 0 and variance 2/out.
  ///
  /// It suits convolutions before a rectifier (He et al. 2015, fan out).
  public static func kaimingNormalFanOut(_ shape: [Int]) -> Tensor {
    Tensor.normal(shape) * (2.0 / Double(fans(shape).1)).squareRoot()
  }

  private static func uniform(_ shape: [Int], _ bound: Double) -> Tensor { .uniform(shape, in: -bound..<bound) }

  private static func fans(_ shape: [Int]) -> (Int, Int) {
    let receptive = shape.dropFirst(2).reduce(1, *)
    return (shape[1] * receptive, shape[0] * receptive)
  }
}
