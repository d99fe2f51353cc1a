import Torch

/// The problem f = ½ Σ c (p − t)² over two parameters, which the fixture's optimisers minimise.
final class QuadraticProblem: Module {
  @Parameter var a: Tensor
  @Parameter var b: Tensor
  private let goals: [Tensor]
  private let curvatures: [Tensor]

  init(_ fixture: FixtureCase) {
    goals = ["a", "b"].map { fixture["goal.\($0)"] }
    curvatures = ["a", "b"].map { fixture["curvature.\($0)"] }
    super.init()
    (a, b) = (fixture["start.a"], fixture["start.b"])
  }

  var loss: Tensor {
    let terms = zip([a, b], zip(goals, curvatures)).map { ($1.1 * ($0 - $1.0).squared()).sum() / 2 }
    return terms[0] + terms[1]
  }

  func step(_ optimizer: some Optimizer) {
    optimizer.zeroGradients()
    loss.backward()
    optimizer.step()
  }
}
