import Torch

extension Dataset {
  /// The same data set as a model wants it: only the model's modalities, in the model's order.
  ///
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
    for wanted in configuration.modalities {
      guard let own = description.modalities.first(where: { $0.name == wanted.name }) else {
        if mayLack(wanted) { continue }
        throw refuse(
          "the data lacks a modality of the model", "modalities",
          description.modalities.map(\.name).joined(separator: ", "), wanted.name)
      }
      guard own.kind == wanted.kind, own.features == wanted.features, own.channels == wanted.channels else {
        throw refuse(
          "a modality has another form than the model's", "modalities.\(wanted.name)",
          "\(own.kind.rawValue) \(own.sampleShape)", "\(wanted.kind.rawValue) \(wanted.sampleShape)")
      }
    }
    let (task, wanted) = (description.task, configuration.task)
    guard task.kind == wanted.kind, task.classes == wanted.classes else {
      throw refuse(
        "the data serves another task than the model", "task",
        "\(task.kind.rawValue) \(task.classes.map(String.init) ?? "")",
        "\(wanted.kind.rawValue) \(wanted.classes.map(String.init) ?? "")")
    }
    return Dataset(self, order: configuration.modalities.map(\.name))
  }
}

extension UnlabelledSplit {
  /// Refuses a split in which a modality is missing from every sample, unless the model knows how to miss it.
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
