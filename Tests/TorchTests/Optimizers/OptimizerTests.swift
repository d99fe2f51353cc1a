import Testing
import Torch

@Suite struct OptimizerTests {
  private static let fixture = Fixture("optimizer")

  /// Makes the optimiser of a case of the fixture.
  private static func make(_ fixture: FixtureCase, _ groups: [ParameterGroup]) -> any Optimizer {
    if fixture.name.hasPrefix("sgd") {
      return SGD(groups, momentum: fixture.number("momentum") ?? 0, nesterov: fixture.flag("nesterov"))
    }
    var betas = (0.9, 0.999)
    if case .array(let pair)? = fixture.options["betas"], case .number(let first) = pair[0],
      case .number(let second) = pair[1]
    {
      betas = (first, second)
    }
    return Adam(
      groups, beta1: betas.0, beta2: betas.1, epsilon: fixture.number("eps") ?? 1e-8,
      decoupled: fixture.name.hasPrefix("adamw"))
  }

  private static func groups(_ fixture: FixtureCase, _ problem: QuadraticProblem, apart: Bool) -> [ParameterGroup] {
    let members = problem.parameters()
    return (apart ? members.map { [$0] } : [members]).map {
      ParameterGroup(
        "all", $0, learningRate: fixture.number("lr")!, weightDecay: fixture.number("weight_decay") ?? 0)
    }
  }

  @Test(arguments: fixture.cases.filter { $0.name != "problem" }, [false, true])
  func followsPyTorch(fixture: FixtureCase, apart: Bool) {
    let problem = QuadraticProblem(Self.fixture["problem"])
    let optimizer = Self.make(fixture, Self.groups(fixture, problem, apart: apart))
    for step in 0..<7 {
      if step > 0 { problem.step(optimizer) }
      // The tolerance is that of f32 over six steps in another order of operations.
      expectClose(problem.a, fixture["path.a"][step], relative: 2e-6, "a after step \(step)")
      expectClose(problem.b, fixture["path.b"][step], relative: 2e-6, "b after step \(step)")
    }
  }

  @Test(arguments: fixture.cases.filter { $0.name != "problem" })
  func aSavedStateContinuesBitForBit(fixture: FixtureCase) throws {
    let problem = QuadraticProblem(Self.fixture["problem"])
    let optimizer = Self.make(fixture, Self.groups(fixture, problem, apart: true))
    for _ in 0..<3 { problem.step(optimizer) }
    let other = QuadraticProblem(Self.fixture["problem"])
    try other.load(Dictionary(uniqueKeysWithValues: problem.state().map { ($0.key, $0.tensor) }))
    let continued = Self.make(fixture, Self.groups(fixture, other, apart: true))
    try withTemporaryFolder { folder in
      let path = folder + "/optimizer.safetensors"
      try SafetensorsWriter.write(to: path, optimizer.state().map { .init($0.key, $0.tensor) })
      try continued.load(try SafetensorsFile(path: path).tensors(), file: path)
    }
    for _ in 0..<3 {
      problem.step(optimizer)
      other.step(continued)
    }
    #expect(other.state().map(\.tensor.floats) == problem.state().map(\.tensor.floats))
    #expect(continued.state().map(\.tensor.floats) == optimizer.state().map(\.tensor.floats))
  }

  @Test func aStateThatDoesNotFitIsRefused() throws {
    let problem = QuadraticProblem(Self.fixture["problem"])
    let optimizer = Adam([ParameterGroup("all", problem.parameters(), learningRate: 0.1)])
    problem.step(optimizer)
    let saved = Dictionary(uniqueKeysWithValues: optimizer.state().map { ($0.key, $0.tensor.copy()) })
    #expect(Set(saved.keys) == ["group.0.exp_avg", "group.0.exp_avg_sq", "group.0.step"])
    let before = optimizer.state().map(\.tensor.floats)
    var (missing, other, extra) = (saved, saved, saved)
    missing["group.0.step"] = nil
    other["group.0.exp_avg_sq"] = .zeros([9])
    extra["group.1.step"] = .zeros([])
    for (state, key) in [(missing, "group.0.step"), (other, "group.0.exp_avg_sq"), (extra, "group.1.step")] {
      let fault = #expect(throws: Fault.self) { try optimizer.load(state, file: "f") }
      #expect(fault?.kind == .badData)
      #expect(fault?.key == key)
      #expect(fault?.file == "f")
      #expect(optimizer.state().map(\.tensor.floats) == before)
    }
  }

  @Test func groupsHaveRatesOfTheirOwn() {
    let problem = QuadraticProblem(Self.fixture["problem"])
    let (a, b) = (problem.a.floats, problem.b.floats)
    let members = problem.parameters()
    let still = ParameterGroup("still", [members[0]], learningRate: 0)
    let moving = ParameterGroup("moving", [members[1]], learningRate: 0.1)
    let empty = ParameterGroup("empty", [], learningRate: 0.1)
    for optimizer in [SGD([still, moving, empty], momentum: 0.9), Adam([still, moving, empty])] as [any Optimizer] {
      problem.step(optimizer)
      #expect(optimizer.groups.map(\.name) == ["still", "moving", "empty"])
      optimizer.clipGradients(norm: 1)
    }
    #expect(problem.a.floats == a)
    #expect(problem.b.floats != b)
    still.learningRate = 0.1
    problem.step(SGD([still]))
    #expect(problem.a.floats != a)
  }
}
