import Polyphony
import Torch

/// The listings in the comments of `Sources/Polyphony/Data`.
public enum DataListings {
  /// ``VolumeSlices``
  public static func volumes() throws(Fault) {
    let test = try Dataset("lesions").labelled("test")
    for group in test.volumes?.groups ?? [] {
      print(group.name ?? "volume \(group.volume)", group.rows.count)
    }
  }

  /// ``Patch``
  public static func part(of image: Tensor) -> Tensor {
    let patch = Patch(origin: [16, 0], size: [64, 64])
    let part = patch.part(of: image)  // [B, C, 64, 64] of [B, C, 88, 104]
    return part
  }

  /// ``PatchSampling``
  public static func patches(_ training: LabelledSplit, _ indices: [Int]) -> Batch {
    let patches = PatchSampling([64, 64], foreground: 0.33, seed: 0)
    let batch = patches.batch(of: training, indices, epoch: 3)
    return batch
  }

  /// ``Dataset``
  public static func folder() throws(Fault) -> (LabelledSplit, UnlabelledSplit) {
    let data = try Dataset("gestures")
    let training = try data.labelled("train")
    let target = try data.unlabelled("test")
    try data.checkDisjoint([training.samples, target])
    return (training, target)
  }

  /// ``UnlabelledSplit``
  public static func unlabelled(_ model: MultimodalModel) throws(Fault) -> (Inputs, Tensor) {
    let target = try Dataset("gestures").unlabelled("test")
    let inputs = target.rows([0, 5, 7])
    let prediction = model.predict(target).prediction
    return (inputs, prediction)
  }

  /// ``LabelledSplit``
  public static func labelled() throws(Fault) -> (Batch, LabelledSplit) {
    let training = try Dataset("gestures").labelled("train")
    let batch = training.batch([0, 5, 7])
    let fewShots = try training.subsampled(perClass: 4, seed: 0)
    return (batch, fewShots)
  }

  /// ``DatasetDescription``
  public static func description() -> DatasetDescription {
    let description = DatasetDescription(
      name: "gestures", task: PredictionTask(kind: .classification, classes: 3),
      modalities: [.sequence("motion", features: 3, length: 12), .vector("force", features: 2)])
    return description
  }

  /// ``DatasetWriter``
  public static func write(_ description: DatasetDescription, _ inputs: Inputs, _ target: Tensor) throws(Fault) {
    let train = DatasetWriter.Split("train", inputs, target: target, ids: Array(0..<inputs.count))
    try DatasetWriter.write(description, [train], to: "gestures")
  }

  /// ``DatasetInspection``
  public static func inspect() throws(Fault) {
    for row in try DatasetInspection(Dataset("gestures")).modalities {
      print(row.split, row.modality, row.form, row.missing)
    }
  }

  /// ``Inputs``
  public static func inputs() -> (Inputs, Inputs) {
    let motion = Tensor.zeros([4, 12, 3])
    let force = Tensor.zeros([4, 2])
    let inputs = Inputs([motion, force], lengths: [Tensor([12, 9, 12, 7]), nil])
    let motionAlone = inputs.keeping([true, false])
    return (inputs, motionAlone)
  }

  /// ``Batch``
  public static func batch(_ model: MultimodalModel, _ inputs: Inputs) -> Tensor {
    let batch = Batch(inputs, target: Tensor([0, 2, 1, 0]))
    let prediction = model(batch.inputs).prediction
    let loss = TaskLoss(model.configuration.task)(prediction, batch.target)
    return loss
  }

  /// ``BatchSampler``
  public static func epoch(_ training: LabelledSplit, _ train: (Batch) -> Void) {
    let sampler = BatchSampler(count: training.count, batchSize: 32, seed: 0)
    for indices in sampler.epoch(3) {
      train(training.batch(indices))
    }
  }

  /// ``Coalitions``
  public static func shapley(_ worth: ([Bool]) -> Double) -> [Double] {
    let worths = Coalitions.all(3).map { worth($0) }
    let shapley = Coalitions.weights(3).map { zip($0, worths).map(*).reduce(0, +) }
    return shapley
  }

  /// ``FeatureStatistics``
  public static func standardize(_ configuration: inout ModelConfiguration) throws(Fault) {
    let data = try Dataset("gestures")
    let statistics = FeatureStatistics.fit(try data.unlabelled("train"), data.description.modalities)
    configuration.normalization = statistics
  }

  /// ``DataCondition``
  public static func condition() throws(Fault) -> UnlabelledSplit {
    let condition = DataCondition(shift: try Shift(named: "noise:3"), missing: .sample(0.5))
    let target = try condition.unlabelled(Dataset("gestures"), "test", seed: 0)
    return target
  }

  /// ``MissingProtocol``
  public static func missing(_ data: Dataset) throws(Fault) -> Inputs {
    let rule = try MissingProtocol("sample:0.7")
    let samples = try data.unlabelled("test")
    let mask = try rule.mask(for: samples, data.description.modalities, seed: 0)
    let inputs = mask.apply(to: samples.rows([0, 5, 7]), indices: [0, 5, 7])
    return inputs
  }

  /// ``MissingMask``
  public static func mask(_ model: MultimodalModel, _ test: LabelledSplit) throws(Fault) -> Evaluation {
    let mask = try MissingMask(contentsOf: "sample-0.7.safetensors")
    try mask.check(for: test.samples, model.configuration.inputModalities)
    let evaluation = try model.evaluate(test, prepare: { mask.apply(to: $0, indices: $1) })
    return evaluation
  }

  /// ``MissingPlan``
  public static func plan(_ samples: UnlabelledSplit, _ modalities: [Modality]) throws(Fault) {
    let plan = try MissingPlan("sample:0.1...0.9")
    for condition in try plan.conditions(for: samples, modalities) {
      print(condition.rule, condition.mask.missingRate)
    }
  }

  /// ``MissingPatterns``
  public static func patterns() {
    for pattern in MissingPatterns.patterns(3) {
      print(pattern.missing(["text", "audio", "vision"]), pattern.weight)
    }
  }

  /// ``MissingCorruption``
  public static func corruption(
    _ model: MultimodalModel, _ training: LabelledSplit, _ validation: LabelledSplit
  ) throws(Fault) -> TrainingOutcome {
    let corruption = try MissingCorruption(
      .sample(0.7), training: training.samples, validation: validation.samples, model.configuration.inputModalities,
      seed: 0)
    let trainer = try Trainer(
      model, training: training, validation: validation, settings: .init(), seed: 0, corruption: corruption)
    let outcome = try trainer.run()
    return outcome
  }

  /// ``Shift``
  public static func shift() throws(Fault) -> LabelledSplit {
    let shift = try Shift(.noise, severity: 3)
    let noisy = try Dataset("gestures").labelled("test", corruptedBy: shift, only: ["motion"])
    return noisy
  }

  /// ``SyntheticSentiment``
  public static func sentiment() throws(Fault) {
    var corpus = SyntheticSentiment()
    corpus.samples = 400
    corpus.imbalance = 0.8
    try DatasetWriter.write(corpus.description, corpus.make(), to: "sentiment")
  }

  /// ``SyntheticAlignment``
  public static func alignment() throws(Fault) {
    let aligned = SyntheticAlignment(samples: 400, share: 0.9)
    try DatasetWriter.write(aligned.description, aligned.make(), to: "aligned")
  }

  /// ``SyntheticPhantoms``
  public static func phantoms() throws(Fault) {
    let phantoms = SyntheticPhantoms(samples: 100, size: 32)
    try DatasetWriter.write(phantoms.description, phantoms.make(), to: "phantoms")
  }

  /// ``SyntheticStarvation``
  public static func starvation() throws(Fault) {
    let starved = SyntheticStarvation(samples: 3300, seed: 1)
    try DatasetWriter.write(starved.description, starved.make(), to: "starved")
  }
}
