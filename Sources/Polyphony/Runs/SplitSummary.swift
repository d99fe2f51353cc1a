import Torch

/// The size of a split, the distribution of its targets, and the scores of a constant answer.
///
/// The constant answer is the most frequent class of the training split, or the mean of its targets.
public struct SplitSummary: Equatable, Sendable {
  /// The split's name.
  public var name: String
  /// The number of samples.
  public var samples: Int
  /// The number of samples of each class, for a classification.
  public var classes: [Int] = []
  /// The mean of the targets, for a regression.
  public var mean: Double?
  /// The standard deviation of the targets (divided by n), for a regression.
  public var deviation: Double?
  /// The scores of the constant answer. They are empty without a training split.
  public var constant = MetricValues()

  /// Makes a summary of a size.
  public init(name: String, samples: Int) { (self.name, self.samples) = (name, samples) }

  /// Sums up the splits of a data set: training, validation and test, then the others. A split that cannot be read is
  /// left out, since no result depends on the summary.
  static func all(_ dataset: Dataset) -> [SplitSummary] {
    let known = ["train", "valid", "test"]
    let names = dataset.description.splits.keys.sorted { one, other in
      (known.firstIndex(of: one) ?? known.count, one) < (known.firstIndex(of: other) ?? known.count, other)
    }
    let targets = names.compactMap { name in target(dataset, name).map { (name: name, target: $0) } }
    let task = dataset.description.task
    let training = targets.first { $0.name == "train" }?.target
    return targets.map { SplitSummary($0.name, $0.target, task, training) }
  }

  /// Reads the targets of a split alone. Nil for a split without targets, or with damaged ones.
  private static func target(_ dataset: Dataset, _ split: String) -> Tensor? {
    guard let path = try? dataset.file(of: split).path, let file = try? SafetensorsFile(path: path),
      let target = try? file.tensor("target")
    else { return nil }
    return target
  }

  private init(_ name: String, _ target: Tensor, _ task: PredictionTask, _ training: Tensor?) {
    self.init(name: name, samples: target.shape.first ?? 0)
    guard samples > 0, target.count == samples else { return }
    switch task.kind {
    case .classification:
      let count = task.classes ?? 0
      guard let counts = Self.counts(target, count) else { return }
      classes = counts
      guard let shares = training.flatMap({ Self.counts($0, count) }), let most = shares.max(),
        let largest = shares.firstIndex(of: most),
        let answers = try? ConfusionMatrix(
          truth: target.integers, prediction: Array(repeating: largest, count: samples), classes: count)
      else { return }
      constant = ClassificationMetrics.values(answers)
    case .regression:
      let values = target.to(.float32).floats
      guard values.allSatisfy(\.isFinite) else { return }
      let centre = Regression.mean(values.map(Double.init))
      mean = centre
      deviation = Regression.mean(values.map { (Double($0) - centre) * (Double($0) - centre) }).squareRoot()
      guard let known = training.map({ $0.to(.float32).floats }), !known.isEmpty else { return }
      let answer = Float(Regression.mean(known.map(Double.init)))
      let prediction = Tensor(Array(repeating: answer, count: samples)).reshaped(samples, 1)
      let truth = Tensor(values).reshaped(samples, 1)
      let scored = try? Evaluation(prediction, truth, task: task, loss: TaskLoss(task))
      constant = scored?.metrics ?? constant
    default: break
    }
  }

  /// The number of targets of each class. Nil if one is out of range.
  private static func counts(_ target: Tensor, _ classes: Int) -> [Int]? {
    var counts = Array(repeating: 0, count: classes)
    for index in target.integers {
      guard counts.indices.contains(index) else { return nil }
      counts[index] += 1
    }
    return counts
  }
}

extension SplitSummary {
  /// The summary as an object of `environment.json`.
  var json: OrderedJSON {
    var members: [OrderedJSON.Member] = [.init("samples", .integer(samples))]
    if !classes.isEmpty { members.append(.init("classes", .array(classes.map { .integer($0) }))) }
    if let mean { members.append(.init("mean", .number(mean))) }
    if let deviation { members.append(.init("std", .number(deviation))) }
    if !constant.names.isEmpty {
      let scores = constant.map { OrderedJSON.Member($0.name, $0.value.map { .number($0) } ?? .null) }
      members.append(.init("constant", .object(scores)))
    }
    return .object(members)
  }

  /// Reads a summary. Nil for another form.
  init?(name: String, _ json: OrderedJSON) {
    guard let samples = json["samples"]?.count else { return nil }
    self.init(name: name, samples: samples)
    classes = (json["classes"]?.elements ?? []).compactMap(\.count)
    (mean, deviation) = (json["mean"]?.finite, json["std"]?.finite)
    if case .object(let scores)? = json["constant"] {
      for score in scores { constant[score.key] = score.value.finite }
    }
  }
}
