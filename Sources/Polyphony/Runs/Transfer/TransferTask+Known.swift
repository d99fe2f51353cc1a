import Torch

extension TransferTask {
  /// The transfers that can be asked for by name.
  public enum Known: String, Sendable, CaseIterable {
    /// From the first half of a data set's classes to the second.
    case classes
    /// From the first half of a data set's recordings to the second.
    case halves
    /// From a data set's first modality alone to all of its modalities.
    case modality
    /// From a synthetic corpus to a shifted one of other samples.
    case corpus
    /// From a synthetic corpus to one whose sentiment lies in how modalities combine.
    case relation

    /// Whether it reads a data set; otherwise it makes one.
    public var readsData: Bool { self != .corpus && self != .relation }
  }

  /// From the first half of a data set's classes to the second (numerals: digits 0–4 to 5–9, all views); classes are
  /// counted from 0 on both sides. 5, 20 and 100 samples a class.
  /// - Throws: `Fault(.usage)` for a task without an even number of classes.
  public static func classes(_ data: Dataset) throws(Fault) -> TransferTask {
    let description = data.description
    guard description.task.kind == .classification, let count = description.task.classes, count >= 4, count % 2 == 0
    else {
      throw Fault(
        .usage, "the classes cannot be cut into halves", file: data.folder, key: "task.classes",
        found: description.task.classes.map(String.init) ?? description.task.kind.rawValue,
        expected: "an even number of 4 or more classes", remedy: "choose another --task or other data")
    }
    let whole = try tested(data)
    func splits(_ classes: Range<Int>) throws(Fault) -> Splits {
      try whole.mapped { (split) throws(Fault) in try split.filtered(classes: Array(classes)) }
    }
    return TransferTask(
      name: "classes", modalities: description.modalities,
      prediction: PredictionTask(kind: .classification, classes: count / 2), source: try splits(0..<count / 2),
      target: try splits(count / 2..<count), amounts: [.samples(5), .samples(20), .samples(100)])
  }

  /// From the first half of a data set's recordings to the second; the test split is scored whole, on recordings that
  /// neither side has seen.
  ///
  /// Samples are windows that end at an utterance: where a recording begins, the window has one step. Without such
  /// windows every sample is a recording of its own. 20 samples (a class), 100, and all.
  public static func halves(_ data: Dataset) throws(Fault) -> TransferTask {
    let whole = try tested(data)
    func half(_ split: LabelledSplit, first: Bool) -> LabelledSplit {
      let starts = split.samples.recordings
      let middle = starts.count > 1 ? starts[starts.count / 2] : split.count / 2
      return split.subset(Array(first ? 0..<middle : middle..<split.count))
    }
    func splits(first: Bool) -> Splits {
      Splits(
        training: half(whole.training, first: first), validation: half(whole.validation, first: first),
        test: whole.test)
    }
    return TransferTask(
      name: "halves", modalities: data.description.modalities, prediction: data.description.task,
      source: splits(first: true), target: splits(first: false),
      amounts: [.samples(20), .samples(100), .all])
  }

  /// From a data set's first modality alone (text) to all of its modalities, which the base has encoders for that have
  /// never seen anything. 20 samples (a class), 100, and all.
  public static func modality(_ data: Dataset) throws(Fault) -> TransferTask {
    let description = data.description
    guard description.modalities.count > 1 else {
      throw Fault(
        .usage, "there is nothing to add to one modality", file: data.folder, key: "modalities",
        found: description.modalities[0].name, expected: "two or more")
    }
    let splits = try tested(data)
    return TransferTask(
      name: "modality", modalities: description.modalities, prediction: description.task,
      only: [description.modalities[0].name], source: splits, target: splits,
      amounts: [.samples(20), .samples(100), .all])
  }

  /// From a corpus of synthetic sentiment to one whose maps are turned, shifted and scaled (shift 1), with so many
  /// modalities. 50 and 200 samples.
  ///
  /// The corpora are large so that every seed draws validation samples of its own from 900: rates chosen on one small
  /// pool that all seeds share follow that pool's chances.
  /// - Throws: What ``SyntheticSentiment/make()`` throws.
  public static func corpus(modalities: Int, samples: Int = 6000, seed: UInt64 = 0) throws(Fault) -> TransferTask {
    try synthetic(.corpus, modalities, samples, seed, relation: nil) { $0.shift = 1 }
  }

  /// From a corpus of synthetic sentiment to one whose sentiment is in equal parts that of the first and a product of two
  /// numbers of which text knows one and audio the other (relation 0.5). Inputs are as before; how they combine is new, and
  /// takes many samples to learn: 200 and 2000.
  /// - Throws: What ``SyntheticSentiment/make()`` throws, and `Fault(.usage)` for one modality.
  public static func relation(modalities: Int, samples: Int = 6000, seed: UInt64 = 0) throws(Fault) -> TransferTask {
    guard modalities > 1 else {
      throw Fault(
        .usage, "one modality has nothing to combine with", key: "--modalities", found: "\(modalities)",
        expected: "two or more")
    }
    var task = try synthetic(.relation, modalities, samples, seed, relation: 0) { $0.relation = 0.5 }
    task.amounts = [.samples(200), .samples(2000)]
    return task
  }

  /// The splits of a data set, whose test split is another than the one that choices are made on.
  private static func tested(_ data: Dataset) throws(Fault) -> Splits {
    guard data.description.splits["test"] != nil else {
      throw Fault(
        .usage, "a comparison needs samples that nothing was chosen on", file: data.folder, key: "splits",
        found: "no test split", expected: "train, valid and test")
    }
    return try Splits(data)
  }

  /// From one synthetic corpus to another.
  private static func synthetic(
    _ task: Known, _ modalities: Int, _ samples: Int, _ seed: UInt64, relation: Double?,
    _ change: (inout SyntheticSentiment) -> Void
  ) throws(Fault) -> TransferTask {
    var generator = SyntheticSentiment()
    (generator.modalities, generator.samples, generator.seed) = (modalities, samples, seed)
    (generator.imbalance, generator.relation) = (0.3, relation)
    let source = try Splits(generator.make())
    change(&generator)
    return TransferTask(
      name: task.rawValue, modalities: generator.description.modalities, prediction: generator.description.task,
      source: source, target: try Splits(generator.make()), amounts: [.samples(50), .samples(200)])
  }
}

extension UnlabelledSplit {
  /// The samples at which a recording begins: those whose first modality with lengths has one step.
  var recordings: [Int] {
    guard let lengths = lengths.lazy.compactMap({ $0 }).first else { return Array(0..<count) }
    let starts = lengths.indices.filter { lengths[$0] == 1 }
    return starts.isEmpty ? Array(0..<count) : starts
  }
}
