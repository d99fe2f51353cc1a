import Testing
import Torch

@Suite struct InitializationTests {
  /// Bounds and standard deviations for weights `[32, 16, 3, 3]`: fan in 144, fan out 288.
  @Test func spreads() {
    let shape = [32, 16, 3, 3]
    let table: [(String, Tensor, bound: Double, deviation: Double)] = [
      ("Glorot", Initialization.xavierUniform(shape), (6.0 / 432).squareRoot(), (2.0 / 432).squareRoot()),
      ("fan in", Initialization.fanIn(shape), 1.0 / 12, 1 / 432.0.squareRoot()),
      ("He, fan out", Initialization.kaimingNormalFanOut(shape), 1, (2.0 / 288).squareRoot()),
      ("bias", Initialization.bias(4000, beside: shape), 1.0 / 12, 1 / 432.0.squareRoot()),
    ]
    for (name, tensor, bound, deviation) in table {
      // The bound in single precision, as the numbers are: it may be rounded up, and a number may be the bound.
      #expect(tensor.abs().maximum().item <= Double(Float(bound)), "\(name)")
      // The deviation of 4000 numbers is known to 1.2 % (normal); 6 standard errors.
      #expect(abs(tensor.variance().item.squareRoot() / deviation - 1) < 0.07, "\(name)")
      #expect(abs(tensor.mean().item) < 0.1 * deviation, "\(name)")
    }
  }
}
