import Torch

/// Mean teacher: the model follows the mean prediction of a slower copy over augmented views (CoTTA, Wang et al. 2022).
///
/// The teacher is θ′ ← α θ′ + (1 − α) θ. Its views are copies of the sample without one modality (``ModalityDrop``).
/// The loss is the mean absolute error for regression and cross-entropy with soft labels for classes and labels. For
/// these, the teacher predicts the sample itself if the source is confident about the batch (mean largest probability ≥
/// `confidence`), as published. A regression has no confidence and always uses the mean over views. After each update,
/// every parameter returns to its source value with probability `restore`. Constants: α 0.999, 32 views, `confidence`
/// 0.92, `restore` 0.01. The final predictions are the student's.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{views: 8, restore: 0.05}", file: "recipe")
/// let (teacher, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try MeanTeacher(reader) }
/// ```
public final class MeanTeacher: AdaptationMethod {
  /// The method's name.
  public let name = "mean-teacher"
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The parameters of the setting `targets`, by default all.
  public let tensors: AdaptedTensors
  /// The momentum α of the teacher.
  public let momentum: Double
  /// The number of augmented views of a batch.
  public let views: Int
  /// The mean largest probability above which there are no views.
  public let confidence: Double
  /// The probability that a parameter returns to its source value.
  public let restore: Double
  private var teacher: Tensor?

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range, and for `targets` without tensors.
  public init(_ reader: SettingsReader) throws(Fault) {
    settings = try AdaptationSettings(reader)
    let part = try reader.choice("targets", default: AdaptedTensors.Part.all)
    guard part != .none else {
      throw reader.fault("the method has nothing to adapt", key: "targets", expected: "norms, attention or all")
    }
    tensors = AdaptedTensors(part)
    momentum = try reader.double("momentum", default: 0.999, in: 0...1)
    views = try reader.int("views", default: 32, in: 1...)
    confidence = try reader.double("confidence", default: 0.92, in: 0...1)
    restore = try reader.double("restore", default: 0.01, in: 0...1)
  }

  /// Sets the teacher to the source.
  public func begin(_ session: AdaptationSession) throws(Fault) { reset(session) }

  /// Sets the teacher to the source again.
  public func reset(_ session: AdaptationSession) { teacher = noGrad { session.sourceValues.copy() } }

  /// Sets the teacher to the restored model, so it has no memory of the collapse.
  public func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool {
    teacher = noGrad { session.group.parameters.values.copy() }
    return false
  }

  /// Makes one update, then updates the teacher.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    guard let teacher else { return AdaptationStep() }
    let task = session.model.configuration.task
    let target = try self.target(batch.inputs, teacher, session, task)
    session.form(dropout: false)
    let prediction = try session.pass(batch.inputs) { $0.prediction }
    let loss = try session.update(SoftPrediction.loss(prediction, target, task))
    guard loss != nil else { return AdaptationStep() }
    noGrad {
      let values = session.group.parameters.values
      self.teacher = teacher * momentum + values.detached() * (1 - momentum)
      let returns =
        Tensor.uniform(values.shape, generator: session.generator(.restoration)).to(values.device) .< restore
      values.copyInPlace(from: session.sourceValues.selected(where: returns, otherwise: values))
    }
    return AdaptationStep(loss: loss, learned: batch.count)
  }

  private func target(
    _ inputs: Inputs, _ teacher: Tensor, _ session: AdaptationSession, _ task: PredictionTask
  ) throws(Fault) -> Tensor {
    func soft(_ inputs: Inputs) throws(Fault) -> Tensor {
      let prediction = try session.predict(inputs)
      return noGrad { SoftPrediction.of(prediction, task) }
    }
    if task.kind != .regression {
      let source = try session.with(session.sourceValues) { () throws(Fault) in try soft(inputs) }
      if SoftPrediction.confidence(source, task) ?? 0 >= confidence {
        return try session.with(teacher) { () throws(Fault) in try soft(inputs) }
      }
    }
    let generator = session.generator(.views)
    return try session.with(teacher) { () throws(Fault) in
      var sum: Tensor?
      for _ in 0..<views {
        let view = try soft(ModalityDrop.dropped(inputs, generator: generator))
        sum = noGrad { sum.map { $0 + view } ?? view }
      }
      guard let sum else { return try soft(inputs) }
      return noGrad { sum / Double(views) }
    }
  }

  /// The parameters of the teacher.
  public func state() -> [(key: String, tensor: Tensor)] { teacher.map { [("teacher", $0)] } ?? [] }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    let own = [("teacher", session.group.parameters.values)]
    try SavedTensors.check(saved, against: own, file: file)
    teacher = saved["teacher"]?.to(session.device)
  }
}
