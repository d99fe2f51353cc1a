import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

@Suite struct MetricsTests {
  @Test func plainRegression() {
    let values = RegressionMetrics.values(prediction: [1, 2, 4], truth: [1, 3, 2])
    #expect(values.names == RegressionMetrics.names)
    #expect(values["mae"] == 1)
    #expect(abs((values["mse"] ?? 0) - 5.0 / 3) < 1e-12)
    #expect(abs((values["rmse"] ?? 0) - (5.0 / 3).squareRoot()) < 1e-12)
    // Deviations −4/3, −1/3, 5/3 and −1, 1, 0: r = 1 / √(42/9 · 2), R² = 1 − 5/2.
    #expect(abs((values["corr"] ?? 0) - 1 / (42.0 / 9 * 2).squareRoot()) < 1e-12)
    #expect(abs((values["r2"] ?? 0) - -1.5) < 1e-12)
  }

  @Test func aConstantSideLeavesCorrelationUndefined() {
    let constant = [Float](repeating: 0.3, count: 20)
    let varying = (0..<20).map { Float($0) }
    let prediction = RegressionMetrics.values(prediction: constant, truth: varying)
    #expect(prediction["corr"] == nil && prediction["r2"] != nil && prediction["mae"] != nil)
    let truth = RegressionMetrics.values(prediction: varying, truth: constant)
    #expect(truth["corr"] == nil && truth["r2"] == nil && truth["mae"] != nil)
  }

  @Test func perfectCorrelationIsNotAboveOne() {
    let values = (0..<1000).map { Float($0) * 0.1 }
    #expect(RegressionMetrics.values(prediction: values, truth: values)["corr"] == 1)
  }

  @Test(
    arguments: [
      ([], []), ([.nan], [0]), ([.infinity, 1], [0, 1]), ([0, 1], [0, .nan]),
    ] as [([Float], [Float])])
  func whatIsNoNumberLeavesEverythingUndefined(prediction: [Float], truth: [Float]) {
    let all = [
      (RegressionMetrics.values(prediction: prediction, truth: truth), RegressionMetrics.names),
      (SentimentMetrics.values(prediction: prediction, truth: truth), SentimentMetrics.names),
      (SimsMetrics.values(prediction: prediction, truth: truth), SimsMetrics.names),
    ]
    for (values, names) in all {
      #expect(values.names == names)
      #expect(values.allSatisfy { $0.value == nil })
    }
  }

  @Test func simsBinsAreClosedOnTheRight() {
    // Each value is on an edge as an f32 and belongs to the bin below the edge.
    let edges: [Float] = [-0.7, -0.1, 0, 0.1, 0.7]
    let below: [Float] = [-0.8, -0.2, -0.05, 0.05, 0.6]
    #expect(SimsMetrics.values(prediction: edges, truth: below)["acc5"] == 1)
    #expect(SimsMetrics.values(prediction: edges, truth: below)["acc2"] == 1)
    let above: [Float] = [-0.69, -0.09, 0.01, 0.11, 0.71]
    // Only 0 and 0.01 share a bin, the middle one of five.
    #expect(SimsMetrics.values(prediction: edges, truth: above)["acc5"] == 0.2)
  }

  @Test func classMetrics() throws {
    // Class 3 never occurs, and class 2 is predicted but never true.
    let matrix = try ConfusionMatrix(truth: [0, 0, 0, 1], prediction: [0, 0, 1, 2], classes: 4)
    #expect(matrix.counts == [2, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    let values = ClassificationMetrics.values(matrix)
    #expect(values["accuracy"] == 0.5)
    #expect(abs((values["balanced_accuracy"] ?? 0) - 1.0 / 3) < 1e-12)
    #expect(abs((values["f1_macro"] ?? 0) - 0.8 / 3) < 1e-12)
    #expect(abs((values["f1_weighted"] ?? 0) - 0.8 * 0.75) < 1e-12)
    let classes = ClassificationMetrics.perClass(matrix, labels: ["zero", "one", "two"])
    #expect(classes.names.prefix(3) == ["recall/zero", "precision/zero", "f1/zero"])
    #expect(classes["recall/two"] == nil && classes["precision/two"] == 0 && classes["f1/two"] == 0)
    #expect(classes["recall/3"] == nil && classes["precision/3"] == nil && classes["f1/3"] == nil)
    #expect(matrix.transposed[2, 1] == 1)
  }

  @Test func classesOutOfRangeAreFaults() {
    let fault = #expect(throws: Fault.self) {
      try ConfusionMatrix(truth: [0, 4], prediction: [0, 0], classes: 4)
    }
    #expect(
      fault
        == Fault(
          .badData, "a class is out of range", key: "target", found: "4 in sample 1", expected: "0 to 3"))
    #expect(throws: Fault.self) { try ConfusionMatrix(truth: [-1], prediction: [0], classes: 4) }
  }

  @Test func theFirstOfEqualLogitsWins() throws {
    #expect(ClassificationMetrics.prediction(logits: [1, 1, 0, 2, -1, 2], classes: 3) == [0, 0])
    #expect(ClassificationMetrics.prediction(logits: [1, .nan], classes: 2) == nil)
    #expect(try ClassificationMetrics.values(logits: [.nan, 1], truth: [0], classes: 2)["accuracy"] == nil)
    #expect(try ClassificationMetrics.values(logits: [], truth: [], classes: 2)["f1_macro"] == nil)
  }

  @Test func diceLeavesOutWhatIsNotThere() {
    let regions = [SegmentationMetrics.Region("both", [1, 2])]
    let background = ConfusionMatrix(counts: [9, 0, 0, 0, 0, 0, 0, 0, 0], classes: 3)
    // Two pixels of class 1 have the prediction 2, and one has the prediction 1. Within the region all three agree.
    let mixed = ConfusionMatrix(counts: [5, 0, 0, 0, 1, 2, 0, 0, 0], classes: 3)
    let values = SegmentationMetrics.values(samples: [background, mixed], classes: 3, regions: regions)
    #expect(values["dice_both"] == 1)
    #expect(values["dice"] == 1)
    #expect(values["dice_1"] == 0.5)
    #expect(values["dice_2"] == 0)
    #expect(SegmentationMetrics.values(samples: [background], classes: 3)["dice"] == nil)
    #expect(SegmentationMetrics.values(samples: [mixed], classes: 3)["dice"] == 0.25)
  }

  @Test func directions() {
    for name in [
      "mae", "valid/mae", "mse", "rmse", "loss", "train/task_loss", "modality_gap", "gradient_imbalance",
      "pseudo/stable",
    ] {
      #expect(MetricDirection(metric: name) == .lowerIsBetter, "\(name)")
    }
    for name in ["accuracy", "corr", "f1_macro", "dice_ET", "r2"] {
      #expect(MetricDirection(metric: name) == .higherIsBetter, "\(name)")
    }
    #expect(MetricDirection.lowerIsBetter.improves(1, on: 2))
    #expect(!MetricDirection.lowerIsBetter.improves(2, on: 2))
    #expect(MetricDirection.higherIsBetter.improves(1, on: nil))
    #expect(!MetricDirection.higherIsBetter.improves(nil, on: nil))
    #expect(!MetricDirection.higherIsBetter.improves(.nan, on: 1))
  }

  @Test func valuesKeepTheirOrderAndNeverHoldNaN() {
    var values: MetricValues = ["b": 1, "a": .nan]
    values["c"] = nil
    values.append(["b": 2, "d": 3], prefix: "valid/")
    #expect(values.names == ["b", "a", "c", "valid/b", "valid/d"])
    #expect(values["a"] == nil && values.contains("a"))
    #expect(values["x"] == nil && !values.contains("x"))
    #expect(values.map(\.value) == [1, nil, nil, 2, 3])
  }

  @Test func aggregates() {
    let some = Aggregate([1, 2, 3, nil, .nan])
    #expect(some.mean == 2)
    #expect(abs((some.standardDeviation ?? 0) - (2.0 / 3).squareRoot()) < 1e-12)
    #expect(some.formatted(digits: 2) == "2.00 ± 0.82 (3 of 5)")
    #expect(Aggregate([0.5, 0.7]).formatted() == "0.600 ± 0.100")
    #expect(Aggregate([0.5]).formatted() == "0.500")
    #expect(Aggregate([0.5]).standardDeviation == 0)
    #expect(Aggregate([nil, nil]).formatted() == "undefined")
    #expect(Aggregate([]).mean == nil)
    let metrics = Aggregate.perMetric([["a": 1, "b": 2], ["b": 4, "c": nil]])
    #expect(Array(metrics.keys) == ["a", "b", "c"])
    #expect(metrics["a"] == Aggregate([1, nil]))
    #expect(metrics["b"]?.mean == 3)
    // The mean is seed by seed, over the common seeds.
    #expect(Aggregate(meanOf: [Aggregate([1, 2, nil, 8]), Aggregate([3, 6, 5])]) == Aggregate([2, 4, nil]))
    #expect(Aggregate(meanOf: []) == Aggregate([]))
  }
}
