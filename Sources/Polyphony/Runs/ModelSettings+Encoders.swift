import Torch

extension ModelSettings {
  /// The modalities as the backbone reads them, and the encoders of raw inputs before it.
  /// - Throws: `Fault(.usage)` for an encoder of no modality or of one without raw inputs, `Fault(.missingInput)` for a
  ///   folder that is not there, `Fault(.badData)` for another encoder than that of the data.
  func encoded(_ modalities: [Modality]) throws(Fault) -> (modalities: [Modality], encoders: [String: InsideEncoder]) {
    let readable = modalities.filter { $0.kind.raw != nil }.map(\.name)
    if let other = encoders.keys.sorted().first(where: { !readable.contains($0) }) {
      let kind = modalities.first { $0.name == other }?.kind.rawValue
      throw Fault(
        .usage, "an encoder inside the model has no raw input to read", key: "model.encoders.\(other)",
        found: kind.map { "a \($0)" } ?? "no such modality",
        expected: readable.isEmpty ? "data that was converted with --inside" : readable.joined(separator: ", "),
        remedy: Suggestion.question(for: other, among: readable))
    }
    var (result, found) = (modalities, [String: InsideEncoder]())
    for (index, modality) in modalities.enumerated() where modality.kind.raw != nil {
      guard let record = modality.encoder else { continue }
      let folder = folder(of: modality)
      let network = try InputEncoders.configuration(of: folder)
      let family = try InputEncoders.family(network, file: "\(folder)/config.json")
      let hash = try family.sha256(of: folder)
      guard hash == record.sha256 else {
        throw Fault(
          .badData, "this is another encoder than that of the data", file: folder, key: modality.name,
          found: String(hash.prefix(12)), expected: "\(record.family) \(record.sha256.prefix(12))",
          remedy: "name the folder of that encoder with model.encoders.\(modality.name).from")
      }
      let encoder = try AbstractTensors.make { () throws(Fault) in
        try family.make(network, for: modality, file: "\(folder)/config.json")
      }
      result[index] = try encoder.states(of: modality)
      found[modality.name] = InsideEncoder(input: modality, network: network)
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

  /// The folder of the encoder of a modality as data have it.
  private func folder(of modality: Modality) -> String {
    encoders[modality.name]?.folder ?? modality.encoder?.folder ?? ""
  }

  /// Gives the encoders inside a new model their pretrained weights, and freezes what is not trained.
  /// - Throws: The faults of the folders.
  func loadEncoders(of model: MultimodalModel) throws(Fault) {
    for modality in model.configuration.inputModalities {
      guard let encoder = model.backbone.inputEncoders[modality.name],
        let network = model.configuration.encoders?[modality.name]?.network
      else { continue }
      let folder = folder(of: modality)
      try InputEncoders.family(network, file: folder).load(folder, into: encoder)
      try (encoders[modality.name]?.training ?? .none).apply(to: model, modality.name)
    }
  }
}
