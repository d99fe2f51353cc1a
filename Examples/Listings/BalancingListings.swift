import Polyphony
import Torch

/// The listings in the comments of `Sources/Polyphony/Balancing`.
public enum BalancingListings {
  /// ``ClassifierGuidedModulation``
  public static func cggm(
    _ model: MultimodalModel, _ training: LabelledSplit, _ validation: LabelledSplit
  ) throws(Fault) -> TrainingOutcome {
    let hook = try ClassifierGuidedModulation(CGGMSettings(.mosi), model)
    let trainer = try Trainer(
      model, training: training, validation: validation, settings: .init(), seed: 0, hook: hook)
    let outcome = try trainer.run()
    return outcome
  }

  /// ``CGGMSettings``
  public static func settings() -> CGGMSettings {
    var settings = CGGMSettings()
    settings.parts = .magnitude
    settings.rho = 1.3
    return settings
  }

  /// ``BalancingTerms``
  public static func terms() {
    var terms = BalancingTerms(count: 2)
    let step = terms.update([0.3, 0.1])
    print(step.terms)  // about 0.5 and 1.5: the faster modality is slowed down
  }

  /// ``ModalityClassifiers``
  public static func classifiers(_ model: MultimodalModel, _ inputs: Inputs) -> [Tensor] {
    let classifiers = ModalityClassifiers(model, layers: 1)
    let encoded = model(inputs, encodings: true).encoded
    let predictions = classifiers(encoded).map(\.prediction)
    return predictions
  }

  /// ``ModalityScore``
  public static func score(_ text: Tensor, _ audio: Tensor, _ target: Tensor) -> [Double] {
    let score = ModalityScore(PredictionTask(kind: .classification, classes: 3))
    let accuracies = score([text, audio], target)
    return accuracies
  }

  /// ``ModalityRandomDropout``
  public static func dropout() throws(Fault) -> ModalityRandomDropout {
    let recipe = try SettingsTree(yaml: "rate: 0.5", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try ModalityRandomDropout(reader) }
    return hook
  }

  /// ``OnTheFlyModulation``
  public static func ogm(_ model: MultimodalModel) throws(Fault) -> OnTheFlyModulation {
    let recipe = try SettingsTree(yaml: "alpha: 0.5", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try OnTheFlyModulation(reader, model) }
    return hook
  }

  /// ``AdaptiveModulation``
  public static func agm(_ model: MultimodalModel) throws(Fault) -> AdaptiveModulation {
    let recipe = try SettingsTree(yaml: "alpha: 0.5", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try AdaptiveModulation(reader, model) }
    return hook
  }

  /// ``PrototypicalRebalance``
  public static func pmr(_ model: MultimodalModel) throws(Fault) -> PrototypicalRebalance {
    let recipe = try SettingsTree(yaml: "{alpha: 0.5, entropy_epochs: 3}", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
      try PrototypicalRebalance(reader, model)
    }
    return hook
  }

  /// ``GradientBlending``
  public static func blending(_ model: MultimodalModel) throws(Fault) -> GradientBlending {
    let recipe = try SettingsTree(yaml: "interval: 3", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try GradientBlending(reader, model) }
    return hook
  }

  /// ``ParetoGradients``
  public static func pareto(_ model: MultimodalModel) throws(Fault) -> ParetoGradients {
    let recipe = try SettingsTree(yaml: "gamma: 1", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try ParetoGradients(reader, model) }
    return hook
  }

  /// ``AsymmetricLearning``
  public static func asymmetric(_ model: MultimodalModel) throws(Fault) -> AsymmetricLearning {
    let recipe = try SettingsTree(yaml: "{start: 3, temperature: 8}", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try AsymmetricLearning(reader, model) }
    return hook
  }

  /// ``GradientGuidedDistillation``
  public static func distillation(_ model: MultimodalModel) throws(Fault) -> GradientGuidedDistillation {
    let recipe = try SettingsTree(yaml: "{stage: 10, beta: 0.5}", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
      try GradientGuidedDistillation(reader, model)
    }
    return hook
  }

  /// ``ModalityLearningRates``
  public static func rates(_ model: MultimodalModel) throws(Fault) -> ModalityLearningRates {
    let recipe = try SettingsTree(yaml: "{patience: 3, decay: 0.3}", file: "recipe")
    let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
      try ModalityLearningRates(reader, model)
    }
    return hook
  }

  /// ``UnimodalTraining``
  public static func unimodal(
    _ model: MultimodalModel, _ training: LabelledSplit, _ validation: LabelledSplit
  ) throws(Fault) -> TrainingOutcome {
    let hook = try UnimodalTraining("text", model)
    let trainer = try Trainer(
      model, training: training, validation: validation, settings: .init(), seed: 0, hook: hook)
    let outcome = try trainer.run()
    return outcome
  }
}
