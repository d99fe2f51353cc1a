import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Losses and metrics of several targets and labels agree with PyTorch 2.13 and scikit-learn 1.9.
@Suite struct SeveralOutputTests {
  static let labels = PredictionTask(kind: .multilabel, classes: 4, labels: ["a", "b", "c", "d"])
  static let targets = PredictionTask(kind: .regression, targets: ["x", "y", "z"])

  /// Two logits of the first label are equal, and the last label has neither truths nor answers.
  static var logits: Tensor {
    Tensor(
      [
        -0.22, -1.36, 2.6, -0.84, -1.0, -0.29, 1.67, -0.78, 0.62, 0.0, 0.6, -1.86, 2.52, -0.1, -1.09, -0.31, -2.18,
        -1.27,
        -0.69, -1.05, 2.52, -1.19, -1.59, -0.67, -2.19, -1.09, -0.55, -1.59, 0.63, -0.89, -0.95, -0.88, 3.09, 0.16,
        -0.86,
        -0.23, 0.62, 0.5, -2.07, -0.52, 0.13, 1.35, 0.58, -0.54, 0.6, -0.91, 2.38, -0.51,
      ] as [Float], shape: [12, 4])
  }
  static var truth: Tensor {
    Tensor(
      [
        0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1,
        1,
        0, 0, 1, 0, 0, 0, 0, 0, 1, 0,
      ] as [Float], shape: [12, 4])
  }

  static var values: Tensor {
    Tensor(
      [
        0.48, -0.56, -0.42, -0.96, -3.02, -1.28, -0.09, -2.05, 1.97, -2.16, 0.45, -0.74, 1.02, 0.04, -1.64, 1.6, 1.7,
        -0.58,
        -0.31, -0.14, -1.5, 1.23, -0.97, 0.43,
      ] as [Float], shape: [8, 3])
  }
  /// The last target is constant.
  static var trueValues: Tensor {
    Tensor(
      [
        0.58, -1.29, 1.5, -1.69, -2.04, 1.5, -0.9, 0.16, 1.5, -0.83, -0.62, 1.5, 0.49, -0.18, 1.5, 0.7, 0.52, 1.5,
        -0.08,
        0.04, 1.5, 0.26, -0.86, 1.5,
      ] as [Float], shape: [8, 3])
  }

  private func expectScores(_ values: MetricValues, _ expected: [(String, Double?)], _ what: String) {
    for (name, golden) in expected {
      guard let golden else {
        #expect(values.contains(name) && values[name] == nil, "\(what) \(name)")
        continue
      }
      #expect(abs((values[name] ?? .nan) - golden) < 1e-6, "\(what) \(name): \(values[name] ?? .nan), not \(golden)")
    }
  }

  /// `f1_score` with `zero_division=np.nan`, `accuracy_score`, `hamming_loss` and `average_precision_score`.
  @Test func labelsHaveTheFiguresOfScikitLearn() throws {
    let evaluation = try Evaluation(Self.logits, Self.truth, task: Self.labels, loss: TaskLoss(Self.labels))
    #expect(evaluation.metrics.names == MultilabelMetrics.names)
    expectScores(
      evaluation.metrics,
      [
        ("f1_micro", 0.6206896551724138), ("f1_macro", 0.6031746031746031), ("accuracy", 0.3333333333333333),
        ("hamming_loss", 0.22916666666666666), ("average_precision", 0.6181216931216931),
      ], "all")
    let report = try #require(evaluation.outputs)
    #expect(report.kind == .label && report.rows.map(\.name) == ["a", "b", "c", "d"])
    let golden: [(Double, Double?, Double?, Double?, Double?)] = [
      (7, 0.625, 0.7142857142857143, 0.6666666666666666, 0.782142857142857),
      (3, 0.5, 0.6666666666666666, 0.5714285714285714, 0.4888888888888888),
      (2, 0.4, 1, 0.5714285714285714, 0.5833333333333333), (0, nil, nil, nil, nil),
    ]
    for (row, figures) in zip(report.rows, golden) {
      expectScores(
        row.scores,
        [
          ("support", figures.0), ("precision", figures.1), ("recall", figures.2), ("f1", figures.3),
          ("average_precision", figures.4),
        ], row.name)
    }
    #expect(report.table.rows[3] == ["d", "0", "undefined", "undefined", "undefined", "undefined"])
    #expect(Evaluation.principalMetric(Self.labels) == "f1_micro")
    #expect(Evaluation.principalMetric(among: MultilabelMetrics.names) == "f1_micro")
  }

  /// `mean_absolute_error` and the like with a uniform average; the undefined figures of the constant target do not
  /// count.
  @Test func targetsHaveTheFiguresOfScikitLearn() throws {
    let evaluation = try Evaluation(Self.values, Self.trueValues, task: Self.targets, loss: TaskLoss(Self.targets))
    expectScores(
      evaluation.metrics,
      [
        ("mae", 1.2075), ("mse", 2.2935166666666666), ("rmse", 1.3730782934274426), ("r2", -0.38412071030534495),
        ("corr", (0.7782664082638187 + 0.6389757053648222) / 2),
      ], "mean")
    #expect(abs(evaluation.loss - 1.2075) < 1e-6)
    let report = try #require(evaluation.outputs)
    #expect(report.kind == .target && report.rows.map(\.name) == ["x", "y", "z"])
    expectScores(
      report.rows[0].scores, [("mae", 0.7), ("r2", 0.033066925658623236), ("corr", 0.7782664082638187)], "x")
    expectScores(
      report.rows[1].scores, [("mae", 0.835), ("r2", -0.8013083462693131), ("corr", 0.6389757053648222)], "y")
    expectScores(report.rows[2].scores, [("mae", 2.0875), ("r2", nil), ("corr", nil)], "z")
  }

  @Test func aRowOfResultsKeepsTheReport() throws {
    for (prediction, target, task) in [
      (Self.logits, Self.truth, Self.labels), (Self.values, Self.trueValues, Self.targets),
    ] {
      let report = try #require(try Evaluation(prediction, target, task: task, loss: TaskLoss(task)).outputs)
      var row = ResultsDocument.Row(name: "x")
      for (key, value) in report.members { row.extra[key] = value }
      let document = ResultsDocument(command: "evaluate", version: "1", results: [row])
      let read = try #require(try ResultsDocument(parsing: document.text()).results.first)
      #expect(OutputReport(read) == report)
    }
    #expect(OutputReport(ResultsDocument.Row(name: "y")) == nil)
    let one = PredictionTask(kind: .regression)
    #expect(try Evaluation(.zeros([2, 1]), .zeros([2, 1]), task: one, loss: TaskLoss(one)).outputs == nil)
  }

  /// `binary_cross_entropy_with_logits` of PyTorch without and with `pos_weight`, its gradient by autograd, and the
  /// closed form.
  @Test(
    arguments: [
      (
        nil, 0.7403853717129477,
        [
          -0.07092624719805683, 0.03857920275016373, -0.01986715367035295, 0.1362624126989406, -0.08333333333333333,
          -0.11136462869469436,
        ]
      ),
      (
        [2, 0.5, 3], 1.1850536673871837,
        [
          -0.14185249439611367, 0.03857920275016373, -0.05960146101105882, 0.1362624126989406, -0.041666666666666664,
          -0.334093886084083,
        ]
      ),
    ] as [([Double]?, Double, [Double])])
  func theLossIsPyTorchs(weights: [Double]?, value: Double, gradient: [Double]) throws {
    let task = PredictionTask(kind: .multilabel, classes: 3)
    let loss = try TaskLoss(.binaryCrossEntropy, for: task, classWeights: weights)
    let logits = Tensor([0.3, -1.2, 2.0, 1.5, 0.0, -0.7], shape: [2, 3]).requiringGradient()
    let target = Tensor([1.0, 0, 1, 0, 1, 1], shape: [2, 3])
    let computed = loss(logits, target)
    #expect(abs(computed.item - value) < 1e-12)
    let golden = Tensor(gradient, shape: [2, 3])
    expectClose(try #require(computed.gradients(with: [logits])[0]), golden, 1e-12, "autograd")
    expectClose(loss.gradient(logits, target).detached(), golden, 1e-12, "closed form")
    #expect(throws: Fault.self) { try TaskLoss(.crossEntropy, for: task) }
    #expect(throws: Fault.self) { try TaskLoss(.binaryCrossEntropy, for: task, classWeights: [1, 2]) }
  }

  /// `pos_weight` is the number of negative samples over that of positive ones.
  @Test func balancedLabels() throws {
    let task = PredictionTask(kind: .multilabel, classes: 2, labels: ["calm", "glad"])
    let target = Tensor([1, 0, 0, 1, 0, 0, 0, 0] as [Float], shape: [4, 2])
    #expect(try ClassWeights.balanced.values(for: target, task) == [3, 3])
    let never = expectFault(.usage) { _ = try ClassWeights.balanced.values(for: .zeros([4, 2]), task) }
    #expect(never?.found == "no training sample has calm" && never?.remedy?.contains("calm, glad") == true)
    let always = expectFault(.usage) { _ = try ClassWeights.balanced.values(for: .ones([4, 2]), task) }
    #expect(always?.found == "every training sample has calm")
    expectFault(.usage) { _ = try ClassWeights.balanced.values(for: Self.trueValues, Self.targets) }
  }
}
