import Torch

/// The pretraining of a transfer's base.
///
/// The first source trains the whole model. Each further source trains another model from the same starting values, and
/// the base takes from it the encoders of the modalities that the source uses. So with a source for each modality, each
/// encoder has seen its own modality alone. The parts in which modalities meet are then those of the first source.
struct TransferBase {
  /// The transfer.
  let task: TransferTask
  /// The backbone and the settings of the loop.
  let recipe: TransferRecipe
  /// The device that computes.
  let device: Device
  /// Receives a line of text after each training.
  let didFinish: (String) -> Void

  /// Trains the base. Returns nil if the user stopped it.
  /// - Throws: The errors of data and training.
  func pretrained() throws(Fault) -> MultimodalModel? {
    guard let first = task.sources.first else {
      throw Fault(.usage, "the transfer has no samples to pretrain the base on", key: "sources", found: "none")
    }
    let configuration = try recipe.model.configuration(
      task.modalities, task.prediction, training: first.splits.training.samples, standardizes: true)
    guard let base = try trained(configuration, first) else { return nil }
    for source in task.sources.dropFirst() {
      guard let other = try trained(configuration, source) else { return nil }
      base.backbone.takeEncoders(of: source.only ?? task.modalities.map(\.name), from: other.backbone)
    }
    return base
  }

  /// Trains a model on one source. Returns nil if the user stopped it.
  private func trained(_ configuration: ModelConfiguration, _ source: TransferSource) throws(Fault) -> MultimodalModel?
  {
    Libtorch.seed(0)
    let model = try MultimodalModel(configuration)
    try recipe.model.loadEncoders(of: model)
    model.move(to: device)
    if let only = source.only { try model.restrict(to: only) }
    let trainer = try Trainer(
      model, training: source.splits.training, validation: source.splits.validation, settings: recipe.pretraining,
      seed: 0, device: device)
    guard try !trainer.run().wasStopped else { return nil }
    let metric = Evaluation.principalMetric(task.prediction)
    let score = try model.evaluate(source.splits.test, device: device).metrics[metric]
    let name = task.sources.count > 1 ? "base, \((source.only ?? []).joined(separator: " and "))" : "base"
    didFinish("\(name): \(metric) \(score.map { String(format: "%.3f", $0) } ?? "undefined") on its own test split")
    model.backbone.configuration.only = nil
    return model
  }
}

extension Backbone {
  /// Takes all parts that belong to one of these modalities alone from a backbone of the same configuration.
  func takeEncoders(of names: [String], from other: any Backbone) {
    let indices = configuration.modalities.indices.filter { names.contains(configuration.modalities[$0].name) }
    let prefixes = indices.flatMap { encoderPrefixes($0) }
    for (own, theirs) in zip(storage(), other.storage()) where prefixes.contains(where: own.key.hasPrefix) {
      own.storage.tensor = theirs.storage.tensor
    }
  }
}
