import Torch

/// Transfer to new classes from few samples: what a tuning method is for.
///
/// A model is pretrained on some classes of a data set (numerals: digits 0–4, all views) and tuned on others (5–9) with
/// 5, 20 or 100 samples a class, for several seeds. A seed draws the samples and the method's starting values; the base
/// is the same for all. The validation split, which chooses the epoch, is cut to as many samples a class as training
/// has, so that few samples mean few labels; scores are those of the whole test split.
public struct TransferSuite: Sendable {
  /// Classes of the pretraining.
  public var sourceClasses: [Int]
  /// Classes of the tuning, as many: the base's head is kept.
  public var targetClasses: [Int]
  /// Samples a class of the tuning.
  public var samplesPerClass: [Int]
  /// Seeds of the tuning.
  public var seeds: [UInt64]
  /// Methods by name.
  public var methods: [String]
  /// The backbone without modalities and task.
  public var model: Model
  /// The loop of the pretraining.
  public var pretraining: TrainingSettings
  /// The loop of the tuning.
  public var tuning: TrainingSettings

  /// The sizes of the backbone.
  public struct Model: Sendable {
    /// The backbone's name.
    public var architecture = "late_fusion"
    /// Features per step.
    public var width = 40
    /// Attention heads.
    public var heads = 8
    /// Layers per encoder.
    public var layers = 2
    /// Dropout.
    public var dropout = DropoutRates(attention: 0.1, relu: 0.1, residual: 0.1, embedding: 0.1)

    /// The defaults.
    public init() {}
  }

  /// One tuned adapter's scores.
  public struct Row: Sendable {
    /// The method's name.
    public var method: String
    /// Samples a class.
    public var samplesPerClass: Int
    /// The seed.
    public var seed: UInt64
    /// Scores on the target classes of the test split.
    public var metrics: MetricValues
    /// Parameters, base and method.
    public var totalParameters: Int
    /// Trained parameters.
    public var trainableParameters: Int
  }

  /// The suite of the numerals that come along: 0–4 to 5–9, 5, 20 and 100 samples a class, five seeds, all methods.
  public static var numerals: TransferSuite {
    var pretraining = TrainingSettings()
    pretraining.epochs = 30
    pretraining.select = "accuracy"
    var tuning = TrainingSettings()
    tuning.epochs = 40
    tuning.batchSize = 24
    tuning.optimizer = .adamw
    tuning.select = "accuracy"
    return TransferSuite(
      sourceClasses: Array(0...4), targetClasses: Array(5...9), samplesPerClass: [5, 20, 100], seeds: Array(0..<5),
      methods: [
        "full", "head", "bitfit", "lora", "adapter", "prompt", "prefix", "ia3", "compacter", "lmf", "concat", "wander",
      ], model: Model(), pretraining: pretraining, tuning: tuning)
  }

  /// Pretrains on the source classes and writes the base model to `folder`.
  /// - Throws: `Fault(.usage)` where source and target classes do not match, and what data and training throw.
  public func pretrain(
    _ data: Dataset, seed: UInt64 = 0, to folder: String, observers: [any TrainingObserver] = []
  ) throws(Fault) {
    guard sourceClasses.count == targetClasses.count, Set(sourceClasses).isDisjoint(with: targetClasses) else {
      throw Fault(
        .usage, "source and target classes do not match", key: "targetClasses", found: "\(targetClasses)",
        expected: "\(sourceClasses.count) classes that are not among \(sourceClasses)")
    }
    let training = try data.labelled("train").filtered(classes: sourceClasses)
    let validation = try data.labelled("valid").filtered(classes: sourceClasses)
    var configuration = ModelConfiguration(
      architecture: model.architecture, modalities: data.description.modalities,
      task: PredictionTask(kind: .classification, classes: sourceClasses.count), width: model.width,
      heads: model.heads, layers: model.layers, dropout: model.dropout)
    configuration.normalization = FeatureStatistics.fit(training.samples, data.description.modalities)
    Libtorch.seed(seed)
    let base = try MultimodalModel(configuration)
    let trainer = try Trainer(
      base, training: training, validation: validation, settings: pretraining, seed: seed, observers: observers)
    _ = try trainer.run()
    try ModelFolder.write(base.backbone, to: folder)
  }

  /// The splits of one tuning: training and validation with so many samples a class, and the whole test split.
  public func task(
    _ data: Dataset, samplesPerClass count: Int, seed: UInt64
  ) throws(Fault) -> (training: LabelledSplit, validation: LabelledSplit, test: LabelledSplit) {
    func few(_ split: String) throws(Fault) -> LabelledSplit {
      try data.labelled(split).filtered(classes: targetClasses).subsampled(perClass: count, seed: seed)
    }
    return (try few("train"), try few("valid"), try data.labelled("test").filtered(classes: targetClasses))
  }

  /// Tunes the base in `folder` by one method and judges it.
  /// - Parameter settings: the method's own.
  public func run(
    _ method: String, _ data: Dataset, base folder: String, samplesPerClass: Int, seed: UInt64,
    settings: SettingsTree = .empty
  ) throws(Fault) -> Row {
    let (training, validation, test) = try task(data, samplesPerClass: samplesPerClass, seed: seed)
    let run = TuningRun(base: folder, method: method, settings: settings, training: tuning, seed: seed)
    let model = try run.run(training: training, validation: validation).installation.model
    let count = model.parameterCount
    return Row(
      method: method, samplesPerClass: samplesPerClass, seed: seed, metrics: try model.evaluate(test).metrics,
      totalParameters: count.total, trainableParameters: count.trainable)
  }

  /// Tunes the base in `folder` by every method, number of samples and seed; each row as soon as it is there.
  public func run(
    _ data: Dataset, base folder: String, _ didFinish: (Row) -> Void = { _ in }
  ) throws(Fault) -> [Row] {
    var rows: [Row] = []
    for count in samplesPerClass {
      for method in methods {
        for seed in seeds {
          let row = try run(method, data, base: folder, samplesPerClass: count, seed: seed)
          rows.append(row)
          didFinish(row)
        }
      }
    }
    return rows
  }
}
