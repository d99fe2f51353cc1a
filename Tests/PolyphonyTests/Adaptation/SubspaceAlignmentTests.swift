import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySettings
@testable import PolyphonySupport

/// Alignment of moments in the subspace where the source varies.
@Suite struct SubspaceAlignmentTests {
  /// The loss is the weighted, symmetric Kullback-Leibler divergence of normal distributions.
  @Test func lossIsTheDivergence() {
    let projections = Tensor([1.0, 4, 3, 0, -1, 2, 5, 2], shape: [4, 2])
    let (variance, weight) = (Tensor([2.0, 0.5]), Tensor([0.25, 0.75]))
    let found = SourceSubspace.divergence(projections, variance: variance, weight: weight).item
    var expected = 0.0
    for (column, (v, w)) in zip([[1.0, 3, -1, 5], [4.0, 0, 2, 2]], [(2.0, 0.25), (0.5, 0.75)]) {
      let mean = column.reduce(0, +) / 4
      let own = column.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 4 + 1e-6
      let forward = 0.5 * ((mean * mean + own) / v - 1 + (v / own).logarithm)
      let backward = 0.5 * ((mean * mean + v) / own - 1 + (own / v).logarithm)
      expected += w * (forward + backward)
    }
    #expect(abs(found - expected) < 1e-9)
  }

  /// Adaptation draws the features of drifted samples towards the source's moments.
  @Test func drawsFeaturesToTheSource() throws {
    let adapting = Adapting.named("ssa")
    let model = try adapting.model()
    var inputs = Tiny.batch(adapting.configuration, count: 60, seed: 11).inputs
    inputs.modalities[0] = inputs.modalities[0] * 2 + 1
    let principal = try #require(model.sourceMoments?.principal)
    func divergence() -> Double {
      let features = model.evaluating { noGrad { model(inputs).features.to(.float64) } }
      let projected = (features - principal.mean).matmul(principal.directions.transposed(0, 1))
      let weight = principal.variance.onesLike() / Double(principal.variance.count)
      return SourceSubspace.divergence(projected, variance: principal.variance, weight: weight).item
    }
    let before = divergence()
    let tree = try SettingsTree(
      yaml: "{epochs: 15, batch_size: 30, learning_rate: 0.01, guard: {max_movement: 1000}}", file: "settings")
    let method = try SettingsReader.read(tree) { (reader) throws(Fault) in try SubspaceAlignment(reader) }.value
    let samples = UnlabelledSplit(name: "drifted", inputs: inputs)
    let outcome = try adapting.loop(model, samples, method: method).run(isStopped: { false })
    #expect(outcome.returns.isEmpty && divergence() < 0.7 * before, "\(before) before")
  }

  @Test func needsMoments() throws {
    let adapting = Adapting.named("ssa")
    let model = try adapting.model()
    model.sourceMoments = nil
    let fault = #expect(throws: Fault.self) { try adapting.loop(model).run(isStopped: { false }) }
    #expect(fault?.kind == .usage && fault?.found == "ssa")
  }
}

extension Double {
  fileprivate var logarithm: Double { Tensor([self]).log().item }
}
