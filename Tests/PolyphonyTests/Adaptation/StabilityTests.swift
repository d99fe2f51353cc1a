import Polyphony
import Testing
import Torch

/// Stability, selection and pseudo-labels agree with cases worked by hand.
@Suite struct StabilityTests {
  @Test func movementAndMeanOfARegression() throws {
    var ledger = SnapshotLedger()
    for values in [[0, 1, 2], [0, 2, 2], [0, 1, 5]] as [[Float]] { ledger.add(Tensor(values, shape: [3, 1])) }
    #expect(ledger.count == 3)
    #expect(ledger.stability == [0, 1, 1.5])
    expectClose(try #require(ledger.means([2, 1])), Tensor([3, 4 / 3] as [Float], shape: [2, 1]), 1e-6, "means")
  }

  @Test func movementOfClassesAndOfPlaces() throws {
    var classes = SnapshotLedger()
    classes.add(Tensor([0.5, 0.5, 0.9, 0.1] as [Float], shape: [2, 2]))
    #expect(classes.stability == nil, "one snapshot says nothing of stability")
    classes.add(Tensor([0.7, 0.3, 0.9, 0.1] as [Float], shape: [2, 2]))
    let moved = try #require(classes.stability)
    #expect(abs(moved[0] - 0.4) < 1e-6 && moved[1] == 0, "summed over classes")
    var images = SnapshotLedger()
    images.add(.zeros([1, 2, 1, 4]))
    images.add(Tensor([1, 0, 0, 0, 1, 0, 0, 0] as [Float], shape: [1, 2, 1, 4]))
    #expect(images.stability == [0.5], "summed over classes, averaged over places")
  }

  @Test(
    arguments: [
      ([3.0, 1, 2, 5, 4], 0.0, [1]),
      ([3, 1, 2, 5, 4], 0.25, [1, 2]),
      ([3, 1, 2, 5, 4], 0.3, [1, 2]),
      ([3, 1, 2, 5, 4], 1, [0, 1, 2, 3, 4]),
      // Samples that tie with the last one are also in the selection, at any place.
      ([1, 0, 1, 0, 1], 0.25, [1, 3]),
      ([1, 0, 1, 0, 1], 0.5, [0, 1, 2, 3, 4]),
      ([0, 0, 0], 0.05, [0, 1, 2]),
      ([7], 0.05, [0]),
      ([], 0.05, []),
    ] as [([Double], Double, [Int])]) func theStableOnesAreChosen(stability: [Double], share: Double, expected: [Int])
  {
    #expect(StableSelection.indices(stability, share: share) == expected)
  }

  @Test func fivePerCentOfAHundredAreFive() {
    let stability = (0..<100).map { Double(($0 * 37) % 100) }
    let chosen = StableSelection.indices(stability, share: 0.05)
    #expect(chosen.map { stability[$0] }.sorted() == [0, 1, 2, 3, 4])
    // 0.29 · 100 is slightly below 29 in binary.
    #expect(StableSelection.indices((0...100).map(Double.init), share: 0.29).count == 30)
  }

  @Test(arguments: [PredictionTask.Kind.regression, .classification])
  func whatCaspChoosesMovedLeast(kind: PredictionTask.Kind) throws {
    var adapting = Adapting.named("casp")
    adapting.kind = kind
    let method = try adapting.makeMethod()
    let outcome = try ownRandomNumbers { try adapting.loop(adapting.model(), method: method).run(isStopped: { false }) }
    let selected = try #require(outcome.selected)
    let saved = Dictionary(uniqueKeysWithValues: method.state().map { ($0.key, $0.tensor) })
    let movement = try #require(saved["ledger.movement"]).doubles
    // The snapshots are before the first epoch, after the second and after the fourth.
    #expect(saved["ledger.count"]?.integers == [3])
    #expect(selected.count == 6, "⌊0.3 · 19⌋ + 1")
    let others = movement.indices.filter { !selected.contains($0) }.map { movement[$0] }
    #expect(selected.map { movement[$0] }.max()! <= others.min()!, "none outside moved less")
    #expect(movement.max()! > 0)
    let labels = try #require(saved["labels"])
    if kind == .classification { expectClose(labels.sum(1), .ones([6]), 1e-5, "soft labels") }
  }

  @Test func errorsOfPseudoLabelsByHand() {
    var ledger = SnapshotLedger()
    // Sample 1 does not move, and sample 3 moves most. The mean predictions are 1, 2, 3, 0.
    for values in [[0.5, 2, 2.8, -3], [1.5, 2, 3.2, 3]] as [[Float]] { ledger.add(Tensor(values, shape: [4, 1])) }
    let target = Tensor([2, 2.5, 3, 4] as [Float], shape: [4, 1])
    let regression = PredictionTask(kind: .regression)
    let errors = ledger.pseudoLabelErrors(target, share: 0, task: regression)
    #expect(errors.map(\.name) == ["pseudo/stable", "pseudo/random", "pseudo/unstable"])
    for (name, expected) in [("stable", 0.5), ("random", 5.5 / 4), ("unstable", 4)] {
      #expect(abs(errors["pseudo/\(name)"]! - expected) < 1e-6, "\(name)")
    }
    var classes = SnapshotLedger()
    for _ in 0..<2 { classes.add(Tensor([0.9, 0.1, 0.2, 0.8] as [Float], shape: [2, 2])) }
    let task = PredictionTask(kind: .classification, classes: 2)
    #expect(classes.pseudoLabelErrors(Tensor([0, 0]), share: 1, task: task)["pseudo/stable"] == 0.5)
    #expect(SnapshotLedger().pseudoLabelErrors(target, share: 0, task: regression).names.isEmpty)
  }
}
