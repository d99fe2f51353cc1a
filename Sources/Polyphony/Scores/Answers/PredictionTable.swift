import Torch

/// The predictions of a model as rows for readers, spreadsheets and programs.
///
/// A row has `id`, the columns of the task's answer, and `present`. With targets it has those of the target and the
/// error too.
///
/// | task | answer | target and error |
/// |---|---|---|
/// | regression | `prediction` | `target`, `error` |
/// | regression, several targets | `prediction_TARGET` for each | `target_TARGET` and `error_TARGET` for each |
/// | classification | `prediction`, `probability_CLASS` for each | `target`, `error` |
/// | multi-label | `prediction`, `predicted_LABEL` and `probability_LABEL` for each | `target`, `target_LABEL` and `error_LABEL` for each |
///
/// An error is prediction − target for a regression, and 0 for a right answer or 1 for a wrong one elsewhere. The
/// `prediction` of a multi-label classification holds the names of the predicted labels, joined by `+`. Segmentations
/// have no such table, because a sample's prediction is a map.
///
/// ```swift
/// let test = try Dataset("gestures").labelled("test")
/// let predictions = model.predict(test.samples)
/// let table = try PredictionTable(
///   predictions, of: test.samples, configuration: model.configuration, target: test.target)
/// try table.write(to: "predictions.csv", as: .csv)
/// ```
public struct PredictionTable {
  /// A cell of a row.
  public enum Value: Equatable, Sendable {
    /// A name, such as a class by its label.
    case text(String)
    /// A whole number, such as an id or a class without label.
    case integer(Int)
    /// A number of the model's precision.
    case number(Float)
  }

  /// The names of the columns.
  public var columns: [String] {
    ["id"] + answers.columns + ["present"] + (hasTarget ? answers.truthColumns : [])
  }
  /// The number of rows.
  public var count: Int { ids.count }

  /// The kind of the model's task.
  package let kind: PredictionTask.Kind
  private let ids: [Value]
  private let answers: any PredictionAnswers
  private let modalities: [String]
  private let presence: [Int]?
  private let hasTarget: Bool

  /// Makes the rows of predictions.
  /// - Parameters:
  ///   - predictions: the predictions of all samples.
  ///   - samples: the samples, in the same order.
  ///   - configuration: the model's configuration.
  ///   - target: the targets. Default: there are none.
  ///   - names: the texts behind the samples' ids (``Dataset/sampleNames()``). Default: the ids are numbers.
  ///   - labels: the names of the classes if the model has none. Default: the classes are numbers.
  /// - Throws: `Fault(.usage)` for a segmentation and for other samples, `Fault(.badData)` for an id without a name, and `Fault(.failure)` if
  ///   a prediction is not a finite number.
  public init(
    _ predictions: Predictions, of samples: UnlabelledSplit, configuration: ModelConfiguration, target: Tensor? = nil,
    names: [String]? = nil, labels: [String]? = nil
  ) throws(Fault) {
    let task = configuration.task
    try Self.check(task)
    let prediction = predictions.prediction
    guard prediction.isFinite else { throw Evaluation.notFinite() }
    guard prediction.size(0) == samples.count else {
      throw Fault(
        .usage, "the predictions are those of other samples", key: samples.name,
        found: "\(prediction.size(0)) predictions", expected: "\(samples.count)")
    }
    ids = try Self.ids(samples, names)
    modalities = configuration.modalities.map(\.name)
    presence = samples.stored.presence?.integers
    (hasTarget, kind) = (target != nil, task.kind)
    switch task.kind {
    case .regression: answers = ValueAnswers(prediction, target, names: task.targets)
    case .multilabel: answers = LabelAnswers(prediction, target, names: Self.distinct(task.labels ?? labels))
    case .classification, .segmentation:
      answers = ClassAnswers(prediction, target, names: Self.distinct(task.labels ?? labels))
    }
  }

  /// Refuses a task whose predictions have no row.
  /// - Throws: `Fault(.usage)` for a segmentation.
  public static func check(_ task: PredictionTask) throws(Fault) {
    guard task.kind == .segmentation else { return }
    throw Fault(
      .usage, "the predictions of a segmentation are maps, and a table has no place for them", key: "--output",
      expected: "a file that ends in .safetensors", remedy: "write the maps: --output predictions.safetensors")
  }

  /// The cells of a row, one for each column.
  public func row(_ index: Int) -> [Value] {
    [ids[index]] + answers.cells(index) + [.text(present(index).joined(separator: "+"))]
      + (hasTarget ? answers.truthCells(index) : [])
  }

  /// The names of the modalities that a sample has, in the model's order.
  public func present(_ index: Int) -> [String] {
    guard let presence else { return modalities }
    return modalities.indices.filter { presence[index * modalities.count + $0] != 0 }.map { modalities[$0] }
  }

  /// The classes or labels of a sample with their probabilities, the most probable one first. A regression has none.
  public func ranking(_ index: Int) -> [(name: String, probability: Float)] { answers.ranking(index) }

  /// The values of a sample by the names of the targets. A regression with one target has the name `prediction`, and
  /// other tasks have no values.
  public func values(_ index: Int) -> [(name: String, value: Float)] { answers.values(index) }

  /// True if the table has the probability of each class or label.
  package var hasProbabilities: Bool { kind == .classification || kind == .multilabel }

  /// The probabilities of a sample's classes or labels, in the order of the model's outputs.
  package func probabilities(of index: Int) -> ArraySlice<Float> { answers.probabilities(of: index) }

  /// The text of the column `prediction`: the class by its name or number, or the names of the labels.
  package func label(_ index: Int) -> String {
    switch answers.cells(index)[0] {
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    }
  }

  /// Labels that do not tell the classes apart are no names.
  private static func distinct(_ labels: [String]?) -> [String]? {
    labels.flatMap { Set($0).count == $0.count ? $0 : nil }
  }

  private static func ids(_ samples: UnlabelledSplit, _ names: [String]?) throws(Fault) -> [Value] {
    guard let ids = samples.ids else { return (0..<samples.count).map { .integer($0) } }
    guard let names else { return ids.map { .integer($0) } }
    if let row = ids.firstIndex(where: { !names.indices.contains($0) }) {
      throw Fault(
        .badData, "ids.json has no text for an id", key: "id", found: "\(ids[row]) in sample \(row) of \(samples.name)",
        expected: "0 to \(names.count - 1)", remedy: "restore ids.json, or remove it for the ids as numbers")
    }
    return ids.map { .text(names[$0]) }
  }
}
