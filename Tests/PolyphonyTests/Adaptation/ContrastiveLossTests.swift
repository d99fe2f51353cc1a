import Foundation
import Polyphony
import Testing
import Torch

/// NT-Xent agrees with the published implementation and with a loop over pairs.
@Suite struct ContrastiveLossTests {
  @Test func matchesThePublishedImplementation() throws {
    let file = try SafetensorsFile(path: fixture("golden/contrastive_loss.safetensors"))
    let first = try file.tensor("a").requiringGradient()
    let second = try file.tensor("b").requiringGradient()
    let loss = ContrastiveLoss.value(first, second, temperature: 0.5)
    expectClose(loss.reshaped(1), try file.tensor("loss"), 1e-5, "loss")
    loss.backward()
    expectClose(try #require(first.gradient), try file.tensor("grad_a"), 1e-4, "gradient of one view")
    expectClose(try #require(second.gradient), try file.tensor("grad_b"), 1e-4, "gradient of the other")
  }

  @Test(arguments: [2, 5, 16], [0.1, 0.5, 2]) func equalsTheSumOverPairs(count: Int, temperature: Double) {
    let generator = Generator(seed: 4)
    let views = (0..<2).map { _ in Tensor.normal([count, 7], generator: generator, dtype: .float64) }
    let rows = Tensor.concatenated(views).doubles
    func similarity(_ i: Int, _ j: Int) -> Double {
      let (a, b) = (rows[(i * 7)..<(i * 7 + 7)], rows[(j * 7)..<(j * 7 + 7)])
      let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      return product / (a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }).squareRoot() / temperature
    }
    var expected = 0.0
    for i in 0..<(2 * count) {
      let others = (0..<(2 * count)).filter { $0 != i }.reduce(0) { $0 + exp(similarity(i, $1)) }
      expected += log(others) - similarity(i, (i + count) % (2 * count))
    }
    let found = ContrastiveLoss.value(views[0], views[1], temperature: temperature).item
    #expect(abs(found - expected / Double(2 * count)) < 1e-9)
  }

  @Test func oneSampleAndZerosAreNoTrap() throws {
    let one = Tensor([0.5, -1.0]).reshaped(1, 2).requiringGradient()
    let loss = ContrastiveLoss.value(one, one.detached())
    loss.backward()
    #expect(loss.item == 0 && one.gradient!.abs().maximum().item == 0)
    let zeros = Tensor.zeros([3, 2]).requiringGradient()
    let degenerate = ContrastiveLoss.value(zeros, zeros.detached())
    degenerate.backward()
    #expect(abs(degenerate.item - log(5)) < 1e-6, "all alike: ln(2B − 1)")
    #expect(try #require(zeros.gradient).isFinite)
  }
}
