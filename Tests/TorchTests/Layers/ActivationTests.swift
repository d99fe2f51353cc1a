import Testing
import Torch

@Suite struct ActivationTests {
  private static let functions: [String: @Sendable (Tensor) -> Tensor] = [
    "relu": { $0.relu() }, "gelu": { $0.gelu() }, "sigmoid": { $0.sigmoid() }, "tanh": { $0.tanh() },
    "gelu.tanh": { $0.geluTanh() }, "softmax": { $0.softmax(-1) }, "softmax.axis0": { $0.softmax(0) }, "log_softmax": { $0.logSoftmax(-1) },
  ]

  @Test(arguments: Fixture("activation").cases)
  func agreesWithPyTorch(fixture: FixtureCase) throws {
    let function = try #require(Self.functions[fixture.name])
    let input = fixture.leaf("input")!
    fixture.check(function(input), ["input": input])
  }
}
