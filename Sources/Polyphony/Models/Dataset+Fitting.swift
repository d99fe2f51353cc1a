import Torch

extension Dataset {
  /// The same data set for a model: only the model's modalities, in the model's order.
  ///
  /// If the data may have missing cells and the model's training data had none, the model's means fill them.
  /// - Parameters:
  ///   - configuration: the model's configuration.
  ///   - mayLack: true for a modality that the data may come without. Default: none.
  /// - Throws: `Fault(.usage)` where the data lacks a modality of the model, or has it in another form, or serves
  ///   another task.
  public func fitted(
    to configuration: ModelConfiguration, mayLack: (Modality) -> Bool = { _ in false }
  ) throws(Fault) -> Dataset {
    func refuse(_ problem: String, _ key: String, _ found: String, _ expected: String) -> Fault {
      Fault(
        .badData, problem, file: folder, key: key, found: found, expected: expected,
        remedy: "use data like that which the model was trained on")
    }
    var cellFill: [String: [Float]] = [:]
    for wanted in configuration.inputModalities {
      guard let own = description.modalities.first(where: { $0.name == wanted.name }) else {
        if mayLack(wanted) { continue }
        throw refuse(
          "the data lacks a modality of the model", "modalities",
          description.modalities.map(\.name).joined(separator: ", "), wanted.name)
      }
      // An encoder inside was trained on pictures of one size and on sounds of one rate.
      let isOneSize = wanted.kind.raw == nil || [own.height, own.width] == [wanted.height, wanted.width]
      guard own.kind == wanted.kind, own.features == wanted.features, own.channels == wanted.channels, isOneSize,
        own.sampleRate == wanted.sampleRate
      else {
        throw refuse(
          "a modality has another form than the model's", "modalities.\(wanted.name)",
          own.form, wanted.form)
      }
      if let found = own.encoder, let expected = wanted.encoder, !found.computesLike(expected) {
        throw refuse(
          "the features are another encoder's than those of the model", "modalities.\(wanted.name).encoder",
          found.summary, expected.summary)
      }
      guard own.missingCells != nil, wanted.missingCells == nil else { continue }
      guard let means = configuration.means(of: wanted.name) else {
        throw Fault(
          .badData, "the data has missing cells, and the model knows no mean to fill them with", file: folder,
          key: "modalities.\(wanted.name).missing_cells", found: "mean", expected: "a model that keeps its means",
          remedy: "train with normalization: standard, or on data with missing cells")
      }
      cellFill[wanted.name] = means
    }
    let names = Set(configuration.inputModalities.map(\.name))
    try description.modalities.filter { names.contains($0.name) }.checkExtents(file: folder)
    let (task, wanted) = (description.task, configuration.task)
    guard task.kind == wanted.kind, task.classes == wanted.classes, task.outputs == wanted.outputs else {
      throw refuse("the data serves another task than the model", "task", task.summary, wanted.summary)
    }
    guard task.targets == wanted.targets else {
      throw refuse(
        "the data has other targets than the model, or another order", "task.targets",
        (task.targets ?? []).joined(separator: ", "), (wanted.targets ?? []).joined(separator: ", "))
    }
    return Dataset(self, order: configuration.modalities.map(\.name), cellFill: cellFill)
  }
}

extension UnlabelledSplit {
  /// Refuses a split in which a modality is missing from every sample, unless the model handles missing modalities.
  public func checkPresence(_ modalities: [Modality], file: String, modelHandlesMissing: Bool) throws(Fault) {
    guard !modelHandlesMissing, let presence = inputs.presence else { return }
    let counts = presence.to(.int64).sum(0).integers
    guard let index = counts.firstIndex(of: 0) else { return }
    throw Fault(
      .badData, "a modality is missing from every sample", file: file, key: "presence",
      found: "\(modalities[index].name) is 0 in all \(count) samples of \(name)",
      expected: "at least one sample that has it",
      remedy: "remove the modality from dataset.json, or use a model tuned for missing modalities")
  }
}
