import Polyphony
import Torch

/// The listings in the comments of `Sources/Polyphony/Scores`.
public enum ScoresListings {
  /// ``Evaluation``
  public static func evaluate(_ model: MultimodalModel) throws(Fault) {
    let test = try Dataset("gestures").labelled("test")
    let evaluation = try model.evaluate(test)
    print(evaluation.loss, evaluation.metrics["accuracy"] ?? .nan)
  }

  /// ``VolumeMetrics``
  public static func volumes() {
    let truth = VoxelMask([false, true, true, false], shape: [1, 2, 2])
    let found = VoxelMask([false, true, false, false], shape: [1, 2, 2])
    let values = VolumeMetrics.values(prediction: found, truth: truth, spacing: [3, 1, 1])
    print(values["dice_volume"] ?? .nan, values["volume_difference"] ?? .nan)  // 0.666… 0.5
  }

  /// ``TaskLoss``
  public static func loss(_ prediction: Tensor, _ target: Tensor) throws(Fault) -> (Tensor, Tensor) {
    let loss = try TaskLoss(.squared, for: PredictionTask(kind: .regression))
    let value = loss(prediction, target)
    let gradient = loss.gradient(prediction, target)
    return (value, gradient)
  }

  /// ``ClassWeights``
  public static func weights(_ target: Tensor) throws(Fault) -> [Double] {
    let weights = try ClassWeights.balanced.values(for: target, PredictionTask(kind: .classification, classes: 3))
    return weights
  }

  /// ``MissingSweep``
  public static func sweep(_ model: MultimodalModel, _ test: LabelledSplit) throws(Fault) {
    let sweep = try MissingSweep(model, test, MissingPlan("sample"))
    for row in sweep.rows { print(row.missing, row.metrics["accuracy"] ?? .nan) }
    print(sweep.mean["accuracy"] ?? .nan, sweep.area["accuracy"] ?? .nan)
  }

  /// ``PerModalityMetrics``
  public static func perModality(
    _ model: MultimodalModel, _ training: LabelledSplit, _ test: LabelledSplit
  ) throws(Fault) {
    let values = try PerModalityMetrics.measure(model, test, training: training)
    for (name, value) in values { print(name, value ?? .nan) }
  }

  /// ``ModalityContributions``
  public static func contributions(_ model: MultimodalModel, _ test: LabelledSplit) throws(Fault) {
    let contributions = try ModalityContributions.measure(model, test)
    for row in contributions.rows { print(row.modality, row.alone ?? .nan, row.shapley) }
  }

  /// ``ModalitySubsets``
  public static func subsets(_ model: MultimodalModel, _ test: LabelledSplit) throws(Fault) {
    for row in try ModalitySubsets.scores(model, test) {
      print(row.name, row.metrics["accuracy"] ?? .nan)
    }
  }

  /// ``LinearProbe``
  public static func probe(_ model: MultimodalModel, _ training: LabelledSplit, _ test: LabelledSplit) throws(Fault) {
    for row in try LinearProbe.scores(model, training: training, test: test) {
      print(row.modality, row.metrics["accuracy"] ?? .nan)
    }
  }

  /// ``Predictions``
  public static func predict(_ model: MultimodalModel, _ target: UnlabelledSplit) -> [Int] {
    let predictions = model.predict(target, batchSize: 64)
    let classes = predictions.prediction.argmax(1).integers
    return classes
  }

  /// ``PredictionTable``
  public static func predictionTable(_ model: MultimodalModel) throws(Fault) {
    let test = try Dataset("gestures").labelled("test")
    let predictions = model.predict(test.samples)
    let table = try PredictionTable(
      predictions, of: test.samples, configuration: model.configuration, target: test.target)
    try table.write(to: "predictions.csv", as: .csv)
  }

  /// ``OutputReport``
  public static func outputs(_ model: MultimodalModel, _ test: LabelledSplit) throws(Fault) {
    let evaluation = try model.evaluate(test)
    if let report = evaluation.outputs { print(report.table.text()) }
  }

  /// ``ClassReport``
  public static func classReport(_ model: MultimodalModel, _ test: LabelledSplit) throws(Fault) {
    let evaluation = try model.evaluate(test)
    if let confusion = evaluation.confusion {
      let report = ClassReport(confusion, labels: model.configuration.task.labels)
      print(report.matrix.text(), report.table.text())
    }
  }

  /// ``Aggregate``
  public static func aggregate() {
    let accuracy = Aggregate([0.80, 0.82, nil, 0.81])
    print(accuracy.formatted())  // 0.810 ± 0.008 (3 of 4)
  }

  /// ``ConfusionMatrix``
  public static func confusion() throws(Fault) {
    let confusion = try ConfusionMatrix(truth: [0, 1, 1, 2], prediction: [0, 1, 2, 2], classes: 3)
    print(confusion[1, 2], confusion.accuracy ?? .nan)  // 1 0.75
  }

  /// ``PairedTest``
  public static func pairedTest() {
    let seeds = [0, 1, 2, 3, 4]
    let (cggm, joint) = (Aggregate([0.81, 0.80, 0.83, 0.82, 0.81]), Aggregate([0.78, 0.79, 0.80, 0.78, 0.79]))
    let test = PairedTest(cggm, seeds: seeds, against: joint, seeds: seeds)
    print(test.difference ?? .nan, test.p ?? .nan)
  }

  /// ``Verdict``
  public static func verdict(_ test: PairedTest, adjusted: Double) {
    let verdict = Verdict(test, adjusted: adjusted, direction: .higherIsBetter)
    print(verdict.text)
  }

  /// ``HolmCorrection``
  public static func holm() -> [Double] {
    let adjusted = HolmCorrection.adjusted([0.01, 0.04, 0.03])  // 0.03, 0.06, 0.06
    return adjusted
  }

  /// ``Contrast``
  public static func contrast(_ rows: [ResultsDocument.Row]) {
    let contrast = Contrast("balancing", method: "cggm", against: "joint")
    for finding in ContrastFinding.all([contrast], rows, metric: "accuracy") {
      print(finding.gain ?? .nan, finding.adjusted ?? .nan)
    }
  }

  /// ``ResultsDocument``
  public static func document(_ text: String) throws(Fault) {
    let document = try ResultsDocument(parsing: text)
    for row in document.results {
      print(row.name, row.metrics["accuracy"]?.formatted() ?? "undefined")
    }
  }

  /// ``MethodComparison``
  public static func comparison(_ document: ResultsDocument) throws(Fault) {
    let comparison = try MethodComparison(document.results, metric: "accuracy", reference: "joint")
    for condition in comparison.conditions {
      print(comparison[condition, "cggm"]?.adjusted ?? .nan)
    }
  }

  /// ``Calibration``
  public static func calibration() {
    let calibration = Calibration(confidences: [0.95, 0.9, 0.6], correct: [true, false, true])
    print(calibration.error ?? .nan)
  }
}
