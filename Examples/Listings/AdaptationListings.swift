import Polyphony
import Torch

/// The listings in the comments of `Sources/Polyphony/Adaptation`.
public enum AdaptationListings {
  /// ``AdaptationMethod`` and ``AdaptationSession``
  final class EntropyMinimization: AdaptationMethod {
    let name = "entropy"
    let settings = AdaptationSettings()
    let tensors = AdaptedTensors(.norms)

    func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
      session.form(dropout: true)
      let logits = try session.pass(batch.inputs) { $0.prediction }
      let entropy = -(logits.softmax(1) * logits.logSoftmax(1)).sum(1).mean()
      return AdaptationStep(loss: try session.update(entropy), learned: batch.count)
    }
  }

  /// ``AdaptationSession/pass(_:_:)``
  static func pass(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> Double? {
    let logits = try session.pass(batch.inputs) { $0.prediction }
    let loss = try session.update(-logits.logSoftmax(1).maximum(1).mean())
    return loss
  }

  /// ``AdaptationObserver``
  final class LossPrinter: AdaptationObserver {
    func didEnd(_ record: AdaptationRecord) { print(record.epoch, record.loss ?? .nan) }
  }

  /// ``AdaptationLoop``
  public static func loop(_ model: MultimodalModel, _ method: any AdaptationMethod) throws(Fault) -> AdaptationOutcome {
    let target = try Dataset("hospital").fitted(to: model.configuration).unlabelled("test")
    let loop = try AdaptationLoop(model, samples: target, method: method, isOnline: true, seed: 0)
    let outcome = try loop.run()
    return outcome
  }

  /// ``AdaptationOutcome``
  public static func outcome(_ outcome: AdaptationOutcome, _ target: Tensor, _ task: PredictionTask) throws(Fault) {
    let evaluation = try Evaluation(outcome.prediction, target, task: task, loss: TaskLoss(task))
    print(evaluation.loss, outcome.parameters.adapted, outcome.returns.count)
  }

  /// ``AnswerUncertainty``
  public static func uncertainty(
    _ model: MultimodalModel, _ outcome: AdaptationOutcome, _ samples: UnlabelledSplit
  ) throws(Fault) -> Double {
    let unsure = try AnswerUncertainty.of(model, outcome.prediction, samples, method: "auto")
    return unsure
  }

  /// ``AdaptationSettings``
  public static func settings() -> AdaptationSettings {
    var settings = AdaptationSettings()
    settings.learningRate = 1e-4
    settings.bounds.maximumDrift = 0.5
    return settings
  }

  /// ``CollapseBounds``
  public static func bounds() -> CollapseBounds {
    var bounds = CollapseBounds()
    bounds.minimumSpread = 0.2
    bounds.maximumMovement = 0.5
    return bounds
  }

  /// ``CollapseRecord``
  public static func returns(_ outcome: AdaptationOutcome) {
    for record in outcome.returns where record.measure == .drift {
      print(record)
    }
  }

  /// ``AdaptedTensors``
  public static func tensors(_ model: MultimodalModel) -> Set<String> {
    let tensors = AdaptedTensors(.norms, lastNorm: true)
    let keys = tensors.keys(in: model.backbone)
    return keys
  }

  /// ``CASP``
  public static func casp(_ model: MultimodalModel, _ target: UnlabelledSplit) throws(Fault) -> AdaptationOutcome {
    let recipe = try SettingsTree(yaml: "{contrast_epochs: 6, pseudo_epochs: 2}", file: "recipe")
    let (casp, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try CASP(.full, reader) }
    let outcome = try AdaptationLoop(model, samples: target, method: casp).run()
    return outcome
  }

  /// ``CASPSettings``
  public static func caspSettings() {
    var settings = CASPSettings()
    settings.contrastEpochs = 6
    print(settings.snapshots)  // 3: before the first epoch, after the third and after the sixth
  }

  /// ``InputAlignment``
  public static func inputs(_ model: MultimodalModel, _ target: UnlabelledSplit) throws(Fault) -> AdaptationOutcome {
    let recipe = try SettingsTree(yaml: "{strength: 50}", file: "recipe")
    let (alignment, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
      try InputAlignment(reader, model.configuration)
    }
    let outcome = try AdaptationLoop(model, samples: target, method: alignment).run()
    return outcome
  }

  /// ``SubspaceAlignment``
  public static func ssa() throws(Fault) -> SubspaceAlignment {
    let recipe = try SettingsTree(yaml: "{epochs: 5, batch_size: 64}", file: "recipe")
    let (ssa, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try SubspaceAlignment(reader) }
    return ssa
  }

  /// ``SourceMoments``
  public static func moments() throws(Fault) {
    let model = try ModelFolder.read("runs/base/model")
    if let moments = model.sourceMoments { print(moments.shares.doubles) }
  }

  /// ``ClassMix``
  public static func classMix(_ logits: Tensor, _ moments: SourceMoments) {
    let mix = ClassMix(probabilities: logits.softmax(1), source: moments.shares)
    print(mix.shares.doubles, mix.distance)
  }

  /// ``Tent``
  public static func tent(_ model: MultimodalModel, _ target: UnlabelledSplit) throws(Fault) -> AdaptationOutcome {
    let recipe = try SettingsTree(yaml: "learning_rate: 0.0001", file: "recipe")
    let (tent, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try Tent(reader) }
    let outcome = try AdaptationLoop(model, samples: target, method: tent, isOnline: true).run()
    return outcome
  }

  /// ``EATA``
  public static func eata() throws(Fault) -> EATA {
    let recipe = try SettingsTree(yaml: "{margin: 0.5, fisher_samples: 500}", file: "recipe")
    let (eata, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try EATA(reader) }
    return eata
  }

  /// ``SAR``
  public static func sar() throws(Fault) -> SAR {
    let recipe = try SettingsTree(yaml: "{radius: 0.1, reset_below: 0.1}", file: "recipe")
    let (sar, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try SAR(reader) }
    return sar
  }

  /// ``READ``
  public static func read() throws(Fault) -> READ {
    let recipe = try SettingsTree(yaml: "learning_rate: 0.00005", file: "recipe")
    let (read, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try READ(reader) }
    return read
  }

  /// ``MeanTeacher``
  public static func teacher() throws(Fault) -> MeanTeacher {
    let recipe = try SettingsTree(yaml: "{views: 8, restore: 0.05}", file: "recipe")
    let (teacher, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try MeanTeacher(reader) }
    return teacher
  }

  /// ``NormStatistics``
  public static func norms() throws(Fault) -> NormStatistics {
    let recipe = try SettingsTree(yaml: "source_share: 0.3", file: "recipe")
    let (norms, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try NormStatistics(reader) }
    return norms
  }

  /// ``ContrastiveLoss``
  public static func contrast() -> Tensor {
    let first = Tensor.normal([16, 32])
    let second = first + Tensor.normal([16, 32]) * 0.1
    let loss = ContrastiveLoss.value(first, second, temperature: 0.5)
    return loss
  }

  /// ``ModalityDrop``
  public static func drop(_ inputs: Inputs) -> Inputs {
    let incomplete = ModalityDrop.dropped(inputs, rate: 0.5, generator: Generator(seed: 0))
    return incomplete
  }

  /// ``SnapshotLedger``
  public static func ledger() {
    var ledger = SnapshotLedger()
    ledger.add(Tensor([0.0, 1.0], shape: [2, 1]))
    ledger.add(Tensor([0.0, 3.0], shape: [2, 1]))
    print(ledger.stability ?? [])  // [0.0, 2.0]
  }
}
