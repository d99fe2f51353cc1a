import Torch

extension TransferTask {
  /// The transfers with a name on the command line.
  public enum Known: String, Sendable, CaseIterable {
    /// The transfer from the first half of a data set's classes to the second.
    case classes
    /// The transfer from the first half of a data set's recordings to the second.
    case halves
    /// The transfer from a data set's first modality to all of its modalities.
    case modality
    /// The transfer from a synthetic corpus to a shifted one with other samples.
    case corpus
    /// The transfer from a synthetic corpus to one with another relation between modalities and sentiment.
    case relation
    /// The transfer from single modalities to a target of products of two modalities at the same step.
    case aligned

    /// True if the transfer reads a data set. Otherwise it makes a synthetic one.
    public var readsData: Bool { [.classes, .halves, .modality].contains(self) }
  }

  /// Makes the transfer from the first half of a data set's classes to the second, with 5, 20 and 100 samples per
  /// class.
  ///
  /// For numerals it goes from the digits 0–4 to 5–9, with all views. Classes count from 0 on both sides.
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
      prediction: PredictionTask(kind: .classification, classes: count / 2),
      sources: [TransferSource(try splits(0..<count / 2))],
      target: try splits(count / 2..<count), amounts: [.samples(5), .samples(20), .samples(100)])
  }

  /// Makes the transfer from the first half of a data set's recordings to the second, with 20, 100 and all samples.
  ///
  /// The scores are those of the whole test split, with recordings that neither side has seen. The amounts count
  /// samples per class for a classification. Samples are windows of an utterance and those before it. At the beginning of
  /// a recording the window has one step. Without such windows every sample is a recording of its own.
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
      sources: [TransferSource(splits(first: true))], target: splits(first: false),
      amounts: [.samples(20), .samples(100), .all])
  }

  /// Makes the transfer from a data set's first modality (text) to all modalities, with 20, 100 and all samples.
  ///
  /// The base has encoders for all modalities, but those of the further modalities are untrained. The amounts count
  /// samples per class for a classification.
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
      sources: [TransferSource(splits, only: [description.modalities[0].name])], target: splits,
      amounts: [.samples(20), .samples(100), .all])
  }

  /// Makes the transfer between two corpora of synthetic sentiment, with 50 and 200 samples.
  ///
  /// The target's maps are turned, shifted and scaled (shift 1). The corpora are large, so that every seed draws its
  /// own validation samples from 900. One small pool for all seeds would make the choice of rates depend on its
  /// chances.
  /// - Throws: The errors of ``SyntheticSentiment/make()``.
  public static func corpus(modalities: Int, samples: Int = 6000, seed: UInt64 = 0) throws(Fault) -> TransferTask {
    try synthetic(.corpus, modalities, samples, seed, relation: nil) { $0.shift = 1 }
  }

  /// Makes the transfer between two corpora of synthetic sentiment that combine modalities differently.
  ///
  /// The target's sentiment is in equal parts that of the source and a product of two numbers (relation 0.5). Text has
  /// one of the numbers, audio the other. The inputs do not change. The new combination takes many samples to learn, so
  /// the amounts are 200 and 2000.
  /// - Throws: The errors of ``SyntheticSentiment/make()``, and `Fault(.usage)` for one modality.
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

  /// Makes the transfer from encoders of single modalities to a target of time-aligned products, with 200, 1000 and
  /// 4000 samples.
  ///
  /// Each modality's encoder is pretrained alone, on the mean of its own numbers. Then nine tenths of the target's
  /// variance are products of text and audio at the same step (``SyntheticAlignment``). Late fusion reads one step of
  /// each modality, so no change inside its encoders can show these products.
  /// - Throws: The errors of ``SyntheticAlignment/make()``.
  public static func aligned(modalities: Int = 2, samples: Int = 12000, seed: UInt64 = 0) throws(Fault) -> TransferTask
  {
    var generator = SyntheticAlignment(samples: samples, modalities: modalities, seed: seed)
    let target = try Splits(generator.make())
    let description = generator.description
    var sources: [TransferSource] = []
    for (index, modality) in description.modalities.enumerated() {
      generator.alone = index
      sources.append(TransferSource(try Splits(generator.make()), only: [modality.name]))
    }
    return TransferTask(
      name: Known.aligned.rawValue, modalities: description.modalities, prediction: description.task,
      sources: sources, target: target, amounts: [.samples(200), .samples(1000), .samples(4000)])
  }

  /// Reads the splits of a data set with a separate test split, which no choice may depend on.
  private static func tested(_ data: Dataset) throws(Fault) -> Splits {
    guard data.description.splits["test"] != nil else {
      throw Fault(
        .usage, "a comparison needs samples that nothing was chosen on", file: data.folder, key: "splits",
        found: "no test split", expected: "train, valid and test")
    }
    return try Splits(data)
  }

  /// Makes the transfer from one synthetic corpus to another.
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
      sources: [TransferSource(source)], target: try Splits(generator.make()), amounts: [.samples(50), .samples(200)])
  }
}

extension UnlabelledSplit {
  /// The indices of samples that begin a recording. Their first modality with lengths has one step.
  var recordings: [Int] {
    guard let lengths = lengths.lazy.compactMap({ $0 }).first else { return Array(0..<count) }
    let starts = lengths.indices.filter { lengths[$0] == 1 }
    return starts.isEmpty ? Array(0..<count) : starts
  }
}
