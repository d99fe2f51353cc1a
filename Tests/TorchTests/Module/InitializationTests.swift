import Testing
import Torch

@Suite struct InitializationTests {
  /// Checks bounds and standard deviations for weights `[32, 16, 3, 3]` with fan-in 144 and fan-out 288.
  @Test func spreads() {
    let shape = [32, 16, 3, 3]
    let table: [(String, Tensor, bound: Double, deviation: Double)] = [
      ("Glorot", Initialization.xavierUniform(shape), (6.0 / 432).squareRoot(), (2.0 / 432).squareRoot()),
      ("fan in", Initialization.fanIn(shape), 1.0 / 12, 1 / 432.0.squareRoot()),
      ("He, fan out", Initialization.kaimingNormalFanOut(shape), 1, (2.0 / 288).squareRoot()),
      ("bias", Initialization.bias(4000, beside: shape), 1.0 / 12, 1 / 432.0.squareRoot()),
    ]
    for (name, tensor, bound, deviation) in table {
      // The bound is in single precision, like the numbers. It may be rounded up, and a number may equal it.
      #expect(tensor.abs().maximum().item <= Double(Float(bound)), "\(name)")
      // The standard error of the deviation of 4000 normal numbers is 1.2 %. The tolerance is 6 standard errors.
      #expect(abs(tensor.variance().item.squareRoot() / deviation - 1) < 0.07, "\(name)")
      #expect(abs(tensor.mean().item) < 0.1 * deviation, "\(name)")
    }
  }
}
