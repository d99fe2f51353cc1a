import Testing
import Torch

@Suite struct LinearTests {
  @Test(arguments: Fixture("linear").cases)
  func agreesWithPyTorch(fixture: FixtureCase) {
    let layer = Linear(5, 4, bias: fixture.has("bias"))
    layer.weight = fixture["weight"]
    if fixture.has("bias") { layer.bias = fixture["bias"] }
    let input = fixture.leaf("input")!
    fixture.check(layer(input), ["input": input, "weight": layer.weight, "bias": layer.bias])
  }

  @Test func startsWithinItsBounds() {
    let layer = Linear(16, 300)
    for tensor in [layer.weight, layer.bias!] {
      #expect(tensor.requiresGradient)
      #expect(tensor.abs().maximum().item <= 0.25)  // 1/√16
      #expect(tensor.abs().maximum().item > 0.2)
    }
    let xavier = Linear(16, 80, xavier: true)
    #expect(xavier.weight.abs().maximum().item <= 0.25)  // √(6 / 96)
    #expect(xavier.weight.abs().maximum().item > 0.2)
    #expect(xavier.bias?.norm().item == 0)
    #expect(Linear(2, 2, bias: false).bias == nil)
  }
}
