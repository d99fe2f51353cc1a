import Torch

extension ModelSettings {
  /// The modalities as the backbone reads them, and the configurations of the encoders that read tokens before it.
  /// - Throws: `Fault(.usage)` for an encoder of no modality or of one without tokens, `Fault(.missingInput)` for a folder
  ///   that is not there, `Fault(.badData)` for another encoder than that of the data.
  func encoded(_ modalities: [Modality]) throws(Fault) -> (modalities: [Modality], encoders: [String: OrderedJSON]) {
    let readable = modalities.filter { $0.kind == .tokens }.map(\.name)
    if let other = encoders.keys.sorted().first(where: { !readable.contains($0) }) {
      let kind = modalities.first { $0.name == other }?.kind.rawValue
      throw Fault(
        .usage, "an encoder inside the model has no tokens to read", key: "model.encoders.\(other)",
        found: kind.map { "a \($0)" } ?? "no such modality",
        expected: readable.isEmpty ? "data that was converted with --inside" : readable.joined(separator: ", "),
        remedy: Suggestion.question(for: other, among: readable))
    }
    var (result, found) = (modalities, [String: OrderedJSON]())
    for (index, modality) in modalities.enumerated() where modality.kind == .tokens {
      guard let record = modality.encoder else { continue }
      let folder = folder(of: modality)
      let configuration = try InputEncoders.configuration(of: folder)
      let family = try InputEncoders.family(configuration, file: "\(folder)/config.json")
      let own = try family.record(of: folder)
      guard own.computesLike(record) else {
        throw Fault(
          .badData, "this is another encoder than that of the data", file: folder, key: modality.name,
          found: own.summary, expected: record.summary,
          remedy: "name the folder of that encoder with model.encoders.\(modality.name).from")
      }
      let encoder = try AbstractTensors.make { () throws(Fault) in
        try family.make(configuration, file: "\(folder)/config.json")
      }
      result[index] = .sequence(modality.name, features: encoder.width, length: modality.steps)
      (result[index].columns, result[index].encoder) = (modality.columns, record)
      found[modality.name] = configuration
    }
    return (result, found)
  }

  /// The model configuration with the statistics of the features in a training split.
  ///
  /// Those of an encoder inside are the statistics of its states before the training.
  /// - Throws: The errors of ``configuration(_:_:)``, and the faults of the encoders' folders.
  func configuration(
    _ modalities: [Modality], _ task: PredictionTask, training: UnlabelledSplit, standardizes: Bool
  ) throws(Fault) -> ModelConfiguration {
    var configuration = try configuration(modalities, task)
    var samples = training
    if standardizes, configuration.encoders != nil {
      let start = try MultimodalModel(configuration)
      try loadEncoders(of: start)
      samples = samples.withStates(of: start.backbone)
    }
    configuration.takeStatistics(of: samples, configuration.modalities, standardizes: standardizes)
    return configuration
  }

  /// The folder of a modality's encoder.
  private func folder(of modality: Modality) -> String {
    encoders[modality.name]?.folder ?? modality.encoder?.folder ?? ""
  }

  /// Gives the encoders inside a new model their pretrained weights, and freezes what is not trained.
  /// - Throws: The faults of the folders.
  func loadEncoders(of model: MultimodalModel) throws(Fault) {
    for modality in model.configuration.modalities {
      guard let encoder = model.backbone.inputEncoders[modality.name],
        let configuration = model.configuration.encoders?[modality.name]
      else { continue }
      let folder = folder(of: modality)
      try InputEncoders.family(configuration, file: folder).load(folder, into: encoder)
      try (encoders[modality.name]?.training ?? .none).apply(to: model, modality.name)
    }
  }
}
