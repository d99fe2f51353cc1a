import Foundation
import Torch

extension UnlabelledSplit {
  /// Samples from a single file whose tensors are named after a model's modalities.
  ///
  /// The reader takes `<modality>.length`, `presence` and `id` where the file has them, and ignores a `target`.
  /// - Throws: `Fault(.badData)` for a file that is no input of the model.
  public init(file: String, for configuration: ModelConfiguration) throws(Fault) {
    do {
      self = try SplitReader(file, name: "input", configuration.modalities, task: configuration.task).unlabelled()
    } catch {
      let kind = (file as NSString).pathExtension.lowercased()
      guard error.kind == .badData, !["", "safetensors"].contains(kind) else { throw error }
      throw Fault(
        .badData, "a file of this kind cannot be predicted", file: file, found: ".\(kind)",
        expected:
          "a data set folder, or a safetensors file with \(configuration.modalities.map(\.name).joined(separator: ", "))",
        remedy: "make a data set of it with `polyphony data convert`, and name its folder")
    }
  }
}
