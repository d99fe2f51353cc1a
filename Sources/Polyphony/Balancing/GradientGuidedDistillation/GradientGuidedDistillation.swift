import Torch

/// G²D, gradient-guided distillation (Rakib & Bagavathi, ICCV 2025, arXiv 2506.21514).
///
/// A teacher for each modality, an encoder with a linear head, is trained alone before the run. The model then learns
/// from the task and from all teachers, with z_m the mean over the real steps of encoding m, t_m the same of teacher m,
/// s the model's prediction, and l_m the teacher's:
///
/// L = L_task + α Σ_m mean (z_m − t_m)² + β Σ_m D(l_m ‖ s).
///
/// D is KL of the shares with the temperature τ, or the squared difference in a regression. A teacher's confidence is
/// its mean share of the true class (exp(−|ŷ − y|) in a regression). The modalities lead one after another, from the
/// lowest confidence upwards: for `stage` epochs the leader's encoder learns and the others stand still. The last one
/// does not lead. After that all learn. Fusion and head learn all the time.
///
/// A modality that takes long to learn can have the more confident teacher. The published order then freezes the one that
/// joint training starves. `stage: 1` leaves little of the order, and all of the distillation.
///
/// The paper measures confidence in each batch, and its code compares two modalities there. Here it is measured once, on
/// the whole training split. In `mult`, whose encoders read other modalities, teachers read them too.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{stage: 10, beta: 0.5}", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
///   try GradientGuidedDistillation(reader, model)
/// }
/// ```
public final class GradientGuidedDistillation: StepHook {
  private let teachers: ModalityTeachers
  private let task: PredictionTask
  private let names: [String]
  private let alpha: Double
  private let beta: Double
  private let temperature: Double
  private let chosenStage: Int?
  private let teacherEpochs: Int?
  /// The epochs of one leader.
  private var stage = 1
  /// The teachers' confidences; empty before they are trained.
  private var confidences: [Double] = []
  private var log = BalancingLog()

  /// Reads the settings `alpha` (1), `beta` (1), `temperature` (1), `stage` (such that leaders take half of the epochs)
  /// and `teacher_epochs` (as many as the run has).
  /// - Throws: `Fault(.usage)` for a setting out of range, for segmentation, and if a modality has no parameters of its
  ///   own.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    try EncoderGroups.check(model, for: reader.path)
    teachers = try ModalityTeachers(model, for: reader.path)
    task = model.configuration.task
    names = model.configuration.modalities.map(\.name)
    alpha = try reader.double("alpha", default: 1, in: 0...)
    beta = try reader.double("beta", default: 1, in: 0...)
    temperature = try reader.double("temperature", default: 1, in: Above(0))
    chosenStage = try reader.optional("stage", .int(in: 1...))
    teacherEpochs = try reader.optional("teacher_epochs", .int(in: 1...))
  }

  /// The place of the modality that leads in an epoch; nil if all learn.
  public static func leader(epoch: Int, stage: Int, confidences: [Double]) -> Int? {
    let order = confidences.indices.sorted { (confidences[$0], $0) < (confidences[$1], $1) }
    let place = epoch / max(stage, 1)
    return place < order.count - 1 ? order[place] : nil
  }

  /// Always true, because the teachers' features are those of encodings.
  public var needsEncodings: Bool { true }

  /// One parameter group per modality, and one for shared parameters.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    stage = chosenStage ?? max(1, settings.epochs / (2 * max(1, names.count - 1)))
    return EncoderGroups.make(model, settings)
  }

  /// Trains the teachers and measures their confidences.
  public func begin(_ start: TrainingStart, isStopped: () -> Bool) throws(Fault) -> Bool {
    let epochs = teacherEpochs ?? start.settings.epochs
    guard try teachers.train(start, epochs: epochs, isStopped: isStopped) else { return false }
    confidences = teachers.confidences(start.training, start.model)
    return true
  }

  /// L_task + α Σ_m mean (z_m − t_m)² + β Σ_m D(l_m ‖ s), and the task's loss alone without teachers.
  public func loss(_ step: TrainingStep) -> Tensor {
    guard teachers.areTrained else { return step.taskLoss }
    let inputs = step.batch.inputs
    let taught = teachers.read(inputs, step.model)
    func means(_ values: [Tensor]) -> Tensor {
      .stacked(values.enumerated().map { Distillation.mean($1, over: inputs.isPresent($0)) })
    }
    let features = means(zip(step.output.encoded, taught.features).map { ($0.pooled - $1).squared().mean(1) })
    let predictions = means(
      taught.predictions.map {
        Distillation.divergence(step.output.prediction, from: $0, temperature: temperature, task)
      })
    log.begin(step.epoch)
    log.add("confidence", names, confidences)
    log.add("feature_loss", names, features.detached().doubles)
    log.add("prediction_loss", names, predictions.detached().doubles)
    return step.taskLoss + features.sum() * alpha + predictions.sum() * beta
  }

  /// Lets only the leader's encoder learn, if there is one.
  public func adjustGradients(_ step: TrainingStep) {
    let leader = Self.leader(epoch: step.epoch, stage: stage, confidences: confidences)
    let factors = names.indices.map { leader == nil || leader == $0 ? 1.0 : 0.0 }
    log.add("learns", names, factors)
    guard leader != nil else { return }
    EncoderGroups.scaleGradients(of: names, by: factors, in: step.optimizer)
    // Momentum and weight decay would move an encoder even without a gradient.
    EncoderGroups.scaleRates(of: names, by: factors, in: step.optimizer)
  }

  /// The epoch's means `confidence/NAME`, `feature_loss/NAME`, `prediction_loss/NAME` and `learns/NAME` (1 or 0).
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The teachers, their confidences, the length of a stage and the log.
  public func state() -> [(key: String, tensor: Tensor)] {
    teachers.heads.state(with: log) + teachers.state()
      + [("confidences", StrategyState.numbers(confidences)), ("stage", StrategyState.numbers([Double(stage)]))]
  }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    try teachers.heads.load(state, with: &log, file: file)
    try teachers.load(state, file: file)
    confidences = try StrategyState.numbers("confidences", of: state, count: names.count, file: file)
    stage = try StrategyState.integer("stage", of: state, file: file)
  }
}
