import Torch

extension UnlabelledSplit {
  /// Samples from a single file whose tensors are named after a model's modalities.
  ///
  /// The reader takes `<modality>.length`, `presence` and `id` where the file has them, and ignores a `target`.
  /// - Throws: `Fault(.badData)` for a file that is no input of the model.
  public init(file: String, for configuration: ModelConfiguration) throws(Fault) {
    self = try SplitReader(file, name: "input", configuration.modalities, task: configuration.task).unlabelled()
  }
}
