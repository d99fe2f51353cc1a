import Polyphony
import Torch

/// The listings in the comments of `Sources/Polyphony/Training`.
public enum TrainingListings {
  /// ``Trainer``
  public static func train() throws(Fault) -> TrainingOutcome {
    let model = try ModelFolder.read("runs/base/model")
    let data = try Dataset("mosi").fitted(to: model.configuration)
    let trainer = try Trainer(
      model, training: data.labelled("train"), validation: data.labelled("valid"), settings: TrainingSettings(),
      seed: 0, folder: "runs/further")
    let outcome = try trainer.run(resume: true)
    return outcome
  }

  /// ``ImageAugmentation``
  public static func augment(_ training: LabelledSplit, _ indices: [Int]) -> Batch {
    let augmentation = ImageAugmentation([.flip, .rotate, .gamma], seed: 0)
    let changed = augmentation(training.batch(indices), indices: indices, epoch: 3)
    return changed
  }

  /// ``StopSignal``
  public static func trainUntilStopped(_ trainer: Trainer) throws(Fault) {
    StopSignal.listen()
    let outcome = try trainer.run(resume: true)
    if outcome.wasStopped { print("stopped after epoch \(outcome.epochs)") }
  }

  /// ``TrainingSettings``
  public static func settings() -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.epochs, settings.learningRate) = (40, 3e-4)
    (settings.schedule, settings.warmup) = (.cosine, 2)
    settings.select = "accuracy"
    return settings
  }

  /// ``Installation``
  public static func compare(_ inputs: Inputs) throws(Fault) -> (tuned: Tensor, base: Tensor) {
    let (lora, _) = try ModelWithAdapter("runs/base/model").install("lora")
    let tuned = lora.model(inputs).prediction
    lora.isEnabled = false
    let base = lora.model(inputs).prediction  // the base model, bit for bit
    return (tuned, base)
  }

  /// ``MetricsLog``
  public static func log() throws(Fault) {
    let log = try MetricsLog(path: "runs/base/metrics.jsonl")
    try log.truncate(after: .init(epoch: 2, step: 80))
    try log.append(["mae": 0.74], split: "valid", at: .init(epoch: 3, step: 120))
  }

  /// ``TensorBoardWriter``
  public static func writeEvents() throws(Fault) {
    let events = try TensorBoardWriter(folder: "runs/base")
    try events.add(["valid/loss": 0.41], step: 120)
    try events.flush()
  }
}

// ``StepHook``
final class NormalizedGradients: StepHook {
  func adjustGradients(_ step: TrainingStep) {
    for group in step.optimizer.groups {
      let norm = group.parameters.gradients.norm().item
      if norm > 0 { group.parameters.gradients.multiplyInPlace(1 / norm) }
    }
  }
}

// ``TuningMethod``
final class OutputBiasTuning: TuningMethod {
  func install(on model: MultimodalModel) throws(Fault) {
    model.backbone.freeze()
    model.backbone.unfreeze { $0 == "out_layer.bias" }
  }
}

// ``TrainingObserver``
final class LossPrinter: TrainingObserver {
  func didEndEpoch(_ record: EpochRecord) throws(Fault) {
    print("epoch \(record.epoch) of \(record.epochs): validation loss \(record.validation.loss)")
  }
}
