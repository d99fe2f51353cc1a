import Torch

/// Training, validation and test samples of one task.
public struct Splits {
  /// Samples that gradients come from.
  public var training: LabelledSplit
  /// Samples that choose epochs and settings.
  public var validation: LabelledSplit
  /// Samples that are scored.
  public var test: LabelledSplit

  /// Three splits.
  public init(training: LabelledSplit, validation: LabelledSplit, test: LabelledSplit) {
    (self.training, self.validation, self.test) = (training, validation, test)
  }

  /// The splits of a data set folder; where it has no test split, validation is what is scored.
  /// - Throws: `Fault` for splits that share samples, or lack modalities of which the model must have all.
  init(_ dataset: Dataset, modelHandlesMissing: Bool = false) throws(Fault) {
    training = try dataset.labelled("train")
    validation = try dataset.labelled("valid")
    let hasTest = dataset.description.splits["test"] != nil
    test = hasTest ? try dataset.labelled("test") : validation
    try dataset.checkDisjoint([training.samples, validation.samples] + (hasTest ? [test.samples] : []))
    for split in [training, validation, test] {
      try split.samples.checkPresence(
        dataset.description.modalities, file: dataset.folder, modelHandlesMissing: modelHandlesMissing)
    }
  }

  /// Splits that were made and not written.
  init(_ made: [DatasetWriter.Split]) throws(Fault) {
    func split(_ name: String) throws(Fault) -> LabelledSplit {
      guard let part = made.first(where: { $0.name == name }), let target = part.target else {
        throw Fault(.failure, "a synthetic corpus lacks a split", key: name)
      }
      return LabelledSplit(samples: UnlabelledSplit(name: name, inputs: part.inputs, ids: part.ids), target: target)
    }
    (training, validation, test) = (try split("train"), try split("valid"), try split("test"))
  }

  /// `test`, or `valid` where the data set has no test split.
  var testName: String { test.samples.name }

  /// Each split changed in the same way.
  func mapped(_ change: (LabelledSplit) throws(Fault) -> LabelledSplit) throws(Fault) -> Splits {
    Splits(training: try change(training), validation: try change(validation), test: try change(test))
  }

  /// The same samples, corrupted as `evaluate` and adaptation meet them with this seed.
  func corrupted(_ dataset: Dataset, _ shift: Shift, _ only: [String]?, _ seed: UInt64) throws(Fault) -> Splits {
    try mapped { (split) throws(Fault) in
      try dataset.labelled(split.samples.name, corruptedBy: shift, only: only, seed: seed)
    }
  }

  /// So many samples to train and to choose the epoch with, and the whole test split.
  func few(_ count: Int, of task: PredictionTask, seed: UInt64) throws(Fault) -> Splits {
    Splits(
      training: try training.few(count, of: task, seed: seed),
      validation: try validation.few(count, of: task, seed: seed), test: test)
  }
}
