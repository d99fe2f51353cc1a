import Torch

/// Training, validation and test samples of one task.
public struct Splits {
  /// The samples that gradients come from.
  public var training: LabelledSplit
  /// The samples that choose epochs and settings.
  public var validation: LabelledSplit
  /// The samples of the reported scores.
  public var test: LabelledSplit
  /// The names of samples and classes.
  var names = AnswerNames()

  /// Combines three splits.
  public init(training: LabelledSplit, validation: LabelledSplit, test: LabelledSplit) {
    (self.training, self.validation, self.test) = (training, validation, test)
  }

  /// Reads the splits of a data set. Without a test split, the validation split is scored.
  /// - Throws: `Fault` for splits that share samples, and for missing modalities if the model needs all of them.
  init(_ dataset: Dataset, modelHandlesMissing: Bool = false) throws(Fault) {
    training = try dataset.labelled("train")
    validation = try dataset.labelled("valid")
    let hasTest = dataset.description.splits["test"] != nil
    test = hasTest ? try dataset.labelled("test") : validation
    names = AnswerNames(dataset)
    try dataset.checkDisjoint([training.samples, validation.samples] + (hasTest ? [test.samples] : []))
    for split in [training, validation, test] {
      try split.samples.checkPresence(
        dataset.description.modalities, file: dataset.folder, modelHandlesMissing: modelHandlesMissing)
    }
  }

  /// Takes splits from memory, which need not be written to a folder first.
  init(_ made: [DatasetWriter.Split]) throws(Fault) {
    func split(_ name: String) throws(Fault) -> LabelledSplit {
      guard let part = made.first(where: { $0.name == name }), let target = part.target else {
        throw Fault(.failure, "a synthetic corpus lacks a split", key: name)
      }
      let samples = UnlabelledSplit(name: name, inputs: part.inputs, ids: part.ids, volumes: part.volumes)
      return LabelledSplit(samples: samples, target: target)
    }
    (training, validation, test) = (try split("train"), try split("valid"), try split("test"))
  }

  /// The name of the scored split: `test`, or `valid` for a data set without a test split.
  var testName: String { test.samples.name }

  /// Applies the same change to each split.
  func mapped(_ change: (LabelledSplit) throws(Fault) -> LabelledSplit) throws(Fault) -> Splits {
    var splits = self
    splits.training = try change(training)
    splits.validation = try change(validation)
    splits.test = try change(test)
    return splits
  }

  /// Corrupts all splits in the same way as `evaluate` and adaptation do with this seed.
  func corrupted(_ dataset: Dataset, _ shift: Shift, _ only: [String]?, _ seed: UInt64) throws(Fault) -> Splits {
    try mapped { (split) throws(Fault) in
      try dataset.labelled(split.samples.name, corruptedBy: shift, only: only, seed: seed)
    }
  }

  /// Draws `count` samples per class for training and for validation, and keeps the whole test split.
  func few(_ count: Int, of task: PredictionTask, seed: UInt64) throws(Fault) -> Splits {
    var splits = self
    splits.training = try training.few(count, of: task, seed: seed)
    splits.validation = try validation.few(count, of: task, seed: seed)
    return splits
  }
}
