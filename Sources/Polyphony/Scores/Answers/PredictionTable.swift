import Torch

/// The predictions of a model as rows for readers, spreadsheets and programs.
///
/// A row has `id`, `prediction`, a column `probability_LABEL` per class of a classification, and `present`. With targets
/// it has `target` and `error` too. Segmentations have no such table, because a sample's prediction is a map.
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
  ///
  /// `error` is prediction − target for a regression. For a classification it is 0 for a right answer and 1 for a wrong
  /// one.
  public let columns: [String]
  /// The number of rows.
  public var count: Int { ids.count }

  private let ids: [Value]
  private let task: PredictionTask
  private let labels: [String]?
  /// The values of a regression.
  private let values: [Float]
  /// The classes of a classification.
  private let classes: [Int]
  /// The probabilities of a classification, row by row.
  private let probabilities: [Float]
  private let modalities: [String]
  private let presence: [Int]?
  private let target: Tensor?
  private let truths: [Int]
  private let trueValues: [Float]

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
    guard predictions.prediction.isFinite else { throw Evaluation.notFinite() }
    let count = samples.count
    self.task = task
    self.target = target
    self.labels = Self.distinct(task.labels ?? labels)
    ids = try Self.ids(samples, names)
    modalities = configuration.modalities.map(\.name)
    presence = samples.inputs.presence?.integers
    var columns = ["id", "prediction"]
    if task.kind == .classification {
      values = []
      let classCount = predictions.prediction.size(1)
      classes = ClassificationMetrics.prediction(logits: predictions.prediction.floats, classes: classCount) ?? []
      probabilities = predictions.prediction.softmax(1).floats
      let names = self.labels
      columns += (0..<classCount).map { "probability_\(names?[$0] ?? String($0))" }
    } else {
      values = predictions.prediction.floats
      (classes, probabilities) = ([], [])
    }
    let predicted = max(values.count, classes.count)
    guard predicted == count else {
      throw Fault(
        .usage, "the predictions are those of other samples", key: samples.name, found: "\(predicted) predictions",
        expected: "\(count)")
    }
    truths = task.kind == .classification ? target?.integers ?? [] : []
    trueValues = task.kind == .regression ? target?.floats ?? [] : []
    self.columns = columns + ["present"] + (target == nil ? [] : ["target", "error"])
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
    var cells = [ids[index], prediction(index)]
    if task.kind == .classification {
      let count = probabilities.count / max(1, self.count)
      cells += probabilities[index * count..<(index + 1) * count].map { .number($0) }
    }
    cells.append(.text(present(index).joined(separator: "+")))
    guard target != nil else { return cells }
    if task.kind == .classification {
      cells += [name(ofClass: truths[index]), .integer(classes[index] == truths[index] ? 0 : 1)]
    } else {
      cells += [.number(trueValues[index]), .number(values[index] - trueValues[index])]
    }
    return cells
  }

  /// The names of the modalities that a sample has, in the model's order.
  public func present(_ index: Int) -> [String] {
    guard let presence else { return modalities }
    return modalities.indices.filter { presence[index * modalities.count + $0] != 0 }.map { modalities[$0] }
  }

  /// The classes of a sample with their probabilities, the most probable one first. A regression has none.
  public func ranking(_ index: Int) -> [(name: String, probability: Float)] {
    guard task.kind == .classification else { return [] }
    let count = probabilities.count / max(1, self.count)
    let row = Array(probabilities[index * count..<(index + 1) * count])
    // Two logits can differ where their rounded probabilities do not. The predicted class is always the first.
    let order = row.indices.sorted { one, other in
      if one == classes[index] || other == classes[index] { return one == classes[index] && one != other }
      return row[one] == row[other] ? one < other : row[one] > row[other]
    }
    return order.map { (labels?[$0] ?? String($0), row[$0]) }
  }

  private func prediction(_ index: Int) -> Value {
    task.kind == .classification ? name(ofClass: classes[index]) : .number(values[index])
  }

  private func name(ofClass index: Int) -> Value { labels.map { .text($0[index]) } ?? .integer(index) }

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
