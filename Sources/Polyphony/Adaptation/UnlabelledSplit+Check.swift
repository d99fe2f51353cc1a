import Torch

extension UnlabelledSplit {
  /// Checks that samples fit a model.
  /// - Throws: `Fault(.badData)` for other modalities, other shapes and values that are not finite numbers.
  public func check(for configuration: ModelConfiguration) throws(Fault) {
    let modalities = configuration.inputModalities
    guard inputs.modalities.count == modalities.count else {
      throw Fault(
        .badData, "the samples have other modalities than the model", key: name,
        found: "\(inputs.modalities.count) modalities",
        expected: modalities.map(\.name).joined(separator: ", "), remedy: "use data like that of the model's training")
    }
    for (tensor, modality) in zip(inputs.modalities, modalities) {
      // The length of a sequence and the size of an image may differ from those in training.
      let (free, places) = (modality.hasSteps ? 1 : 0, modality.extent.count)
      let found = Array(tensor.shape.dropFirst(1 + free).dropLast(places))
      let expected = Array(modality.sampleShape.dropFirst(free).dropLast(places))
      guard found == expected, tensor.rank == modality.sampleShape.count + 1 else {
        throw Fault(
          .badData, "a modality has another form than the model's", key: modality.name, found: "\(tensor)",
          expected: "[\(count)] + \(modality.sampleShape)", remedy: "use data like that of the model's training")
      }
      guard modality.kind.raw == nil else {
        try modality.checkRaw(tensor, file: nil)
        continue
      }
      guard modality.missingCells == nil ? tensor.isFinite : tensor.isFiniteExceptMissingCells else {
        throw Fault(
          .badData, "a value is not a finite number", key: modality.name, found: "in the samples of \(name)",
          expected: "finite numbers", remedy: "replace it before adaptation, for example by 0")
      }
    }
    guard count > 0 else {
      throw Fault(.badData, "there are no samples to adapt to", key: name, expected: "1 sample or more")
    }
  }
}
