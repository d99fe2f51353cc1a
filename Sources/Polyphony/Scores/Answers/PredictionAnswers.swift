import Torch

/// The answers of a task as cells of a ``PredictionTable``.
protocol PredictionAnswers {
  /// The columns of the answer.
  var columns: [String] { get }
  /// The columns of target and error.
  var truthColumns: [String] { get }
  /// The cells of a sample's answer.
  func cells(_ index: Int) -> [PredictionTable.Value]
  /// The cells of a sample's target and error.
  func truthCells(_ index: Int) -> [PredictionTable.Value]
  /// The classes or labels with their probabilities, the most probable one first.
  func ranking(_ index: Int) -> [(name: String, probability: Float)]
  /// The probabilities of the classes or labels, in the order of the outputs.
  func probabilities(of index: Int) -> ArraySlice<Float>
  /// The values with their names.
  func values(_ index: Int) -> [(name: String, value: Float)]
}

extension PredictionAnswers {
  func ranking(_ index: Int) -> [(name: String, probability: Float)] { [] }
  func probabilities(of index: Int) -> ArraySlice<Float> { [] }
  func values(_ index: Int) -> [(name: String, value: Float)] { [] }
}

/// The values of a regression with one target or several.
struct ValueAnswers: PredictionAnswers {
  private let names: [String]?
  private let predictions: [Float]
  private let targets: [Float]

  init(_ prediction: Tensor, _ target: Tensor?, names: [String]?) {
    (predictions, targets, self.names) = (prediction.floats, target?.floats ?? [], names)
  }

  private var width: Int { names?.count ?? 1 }

  private func named(_ word: String) -> [String] { names.map { $0.map { "\(word)_\($0)" } } ?? [word] }

  var columns: [String] { named("prediction") }
  var truthColumns: [String] { named("target") + named("error") }

  private func places(_ index: Int) -> Range<Int> { index * width..<(index + 1) * width }

  func cells(_ index: Int) -> [PredictionTable.Value] { places(index).map { .number(predictions[$0]) } }

  func truthCells(_ index: Int) -> [PredictionTable.Value] {
    places(index).map { .number(targets[$0]) } + places(index).map { .number(predictions[$0] - targets[$0]) }
  }

  func values(_ index: Int) -> [(name: String, value: Float)] {
    zip(names ?? ["prediction"], predictions[places(index)]).map { ($0, $1) }
  }
}

/// The class of each sample, with the probabilities of all classes.
struct ClassAnswers: PredictionAnswers {
  private let names: [String]?
  private let classes: [Int]
  private let count: Int
  /// The probabilities, row by row.
  private let probabilities: [Float]
  private let truths: [Int]

  init(_ prediction: Tensor, _ target: Tensor?, names: [String]?) {
    (count, self.names) = (prediction.size(1), names)
    classes = ClassificationMetrics.prediction(logits: prediction.floats, classes: count) ?? []
    (probabilities, truths) = (prediction.softmax(1).floats, target?.integers ?? [])
  }

  var columns: [String] { ["prediction"] + (0..<count).map { "probability_\(names?[$0] ?? String($0))" } }
  var truthColumns: [String] { ["target", "error"] }

  private func cell(_ index: Int) -> PredictionTable.Value { names.map { .text($0[index]) } ?? .integer(index) }

  func probabilities(of index: Int) -> ArraySlice<Float> { probabilities[index * count..<(index + 1) * count] }

  private func row(_ index: Int) -> [Float] { Array(probabilities(of: index)) }

  func cells(_ index: Int) -> [PredictionTable.Value] { [cell(classes[index])] + row(index).map { .number($0) } }

  func truthCells(_ index: Int) -> [PredictionTable.Value] {
    [cell(truths[index]), .integer(classes[index] == truths[index] ? 0 : 1)]
  }

  func ranking(_ index: Int) -> [(name: String, probability: Float)] {
    let row = row(index)
    // Two logits can differ where their rounded probabilities do not. The predicted class is always the first.
    let order = row.indices.sorted { one, other in
      if one == classes[index] || other == classes[index] { return one == classes[index] && one != other }
      return row[one] == row[other] ? one < other : row[one] > row[other]
    }
    return order.map { (names?[$0] ?? String($0), row[$0]) }
  }
}

/// The labels of each sample, with the probability of every label.
struct LabelAnswers: PredictionAnswers {
  private let names: [String]
  private let logits: [Float]
  private let probabilities: [Float]
  private let truths: [Float]

  init(_ prediction: Tensor, _ target: Tensor?, names: [String]?) {
    self.names = names ?? (0..<prediction.size(1)).map(String.init)
    (logits, probabilities) = (prediction.floats, prediction.sigmoid().floats)
    truths = target?.floats ?? []
  }

  private func named(_ word: String) -> [String] { names.map { "\(word)_\($0)" } }

  var columns: [String] { ["prediction"] + named("predicted") + named("probability") }
  var truthColumns: [String] { ["target"] + named("target") + named("error") }

  private func places(_ index: Int) -> Range<Int> { index * names.count..<(index + 1) * names.count }

  func probabilities(of index: Int) -> ArraySlice<Float> { probabilities[places(index)] }

  private func predicted(_ index: Int) -> [Bool] { places(index).map { logits[$0] >= 0 } }

  private func truth(_ index: Int) -> [Bool] { places(index).map { truths[$0] >= 0.5 } }

  private func joined(_ holds: [Bool]) -> PredictionTable.Value {
    .text(zip(names, holds).filter(\.1).map(\.0).joined(separator: "+"))
  }

  private func bits(_ holds: [Bool]) -> [PredictionTable.Value] { holds.map { .integer($0 ? 1 : 0) } }

  func cells(_ index: Int) -> [PredictionTable.Value] {
    let predicted = predicted(index)
    return [joined(predicted)] + bits(predicted) + probabilities(of: index).map { .number($0) }
  }

  func truthCells(_ index: Int) -> [PredictionTable.Value] {
    let truth = truth(index)
    return [joined(truth)] + bits(truth) + bits(zip(predicted(index), truth).map { $0 != $1 })
  }

  func ranking(_ index: Int) -> [(name: String, probability: Float)] {
    zip(names, probabilities(of: index)).map { (name: $0, probability: $1) }
      .sorted { $0.probability > $1.probability }
  }
}
