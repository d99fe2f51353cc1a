import Torch

extension UnlabelledSplit {
  /// Samples from a single file whose tensors are named after a model's modalities.
  ///
  /// `<modality>.length`, `presence` and `id` are read where they stand there; a `target` is left alone.
  /// - Throws: `Fault(.badData)` for whatever is wrong in the file.
  public init(file: String, for configuration: ModelConfiguration) throws(Fault) {
    self = try SplitReader(file, name: "input", configuration.modalities, task: configuration.task).unlabelled()
  }
}
