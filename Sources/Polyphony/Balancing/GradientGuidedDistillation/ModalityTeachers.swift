import Torch

/// A teacher for each modality: an encoder of the student's shape with a linear head, trained without the others.
///
/// The head reads the mean over the encoding's real steps (`ModalityHeads`). Teachers share no parameter, so one
/// training with the sum of their losses trains all of them. Only the clipping of gradients is common. Each teacher
/// keeps the weights of its epoch with the lowest loss on the validation split.
final class ModalityTeachers {
  /// The readings of a batch, without a graph.
  struct Reading {
    /// The pooled encodings t_m, `[B, width]`.
    let features: [Tensor]
    /// The predictions, `[B, outputs]`.
    let predictions: [Tensor]
  }

  let heads: ModalityHeads
  private let encoders: [[(key: String, storage: StoredTensor)]]
  /// The weights of each teacher's encoder in the order of `encoders`; empty before the training.
  private var weights: [[Tensor]] = []

  /// Makes untrained teachers for a model.
  /// - Throws: `Fault(.usage)` for segmentation, under the key of the method.
  init(_ model: MultimodalModel, for method: String) throws(Fault) {
    let backbone = model.backbone
    heads = try ModalityHeads(model, for: method)
    let parameters = backbone.parameters()
    encoders = backbone.configuration.modalities.indices.map { index in
      let prefixes = backbone.encoderPrefixes(index)
      return parameters.filter { entry in prefixes.contains { entry.key.hasPrefix($0) } }
    }
  }

  /// True after ``train(_:epochs:isStopped:)``, or with the tensors of an earlier run.
  var areTrained: Bool { !weights.isEmpty }

  /// Trains all teachers with a run's data and settings. The model is afterwards as before.
  /// - Returns: false if the user stopped the training.
  func train(_ start: TrainingStart, epochs: Int, isStopped: () -> Bool) throws(Fault) -> Bool {
    let model = start.model
    let state = ModelState(of: model)
    let buffers = model.backbone.storage().map(\.storage).filter { !$0.isTrainable }
    let before = noGrad { buffers.map { $0.tensor!.copy() } }
    defer {
      // The training moved the parameters into memory of its own, and changed buffers in place.
      state.restore(model)
      noGrad { for (buffer, copy) in zip(buffers, before) { buffer.tensor!.copyInPlace(from: copy) } }
    }
    var settings = start.settings
    (settings.epochs, settings.earlyStop, settings.select) = (epochs, 0, "loss")
    let lesson = Lesson(heads, encoders, try settings.makeLoss(model.configuration.task))
    let trainer = try Trainer(
      model, training: start.training, validation: start.validation, settings: settings, seed: start.seed,
      hook: lesson, device: start.device)
    guard try !trainer.run(isStopped: isStopped).wasStopped else { return false }
    weights = lesson.best.map(\.encoder)
    noGrad {
      for (head, best) in zip(heads.heads, lesson.best) {
        for (entry, tensor) in zip(head.parameters(), best.head) { entry.storage.tensor!.copyInPlace(from: tensor) }
      }
    }
    return true
  }

  /// The readings of a batch.
  func read(_ inputs: Inputs, _ model: MultimodalModel) -> Reading {
    acting {
      model.evaluating {
        noGrad {
          let encoded = model(inputs, encodings: true).encoded
          return Reading(features: encoded.map(\.pooled), predictions: heads(encoded))
        }
      }
    }
  }

  /// The mean confidence of each teacher over a split (`Confidence`).
  func confidences(_ split: LabelledSplit, _ model: MultimodalModel) -> [Double] {
    let task = model.configuration.task
    return acting {
      model.means(over: split, count: encoders.count) { output, target in
        heads(output.encoded).map { Confidence.mean($0, target, task).item }
      }
    }
  }

  /// Runs `body` while the model's encoders have the teachers' weights.
  private func acting<Result>(_ body: () -> Result) -> Result {
    let own = encoders.map { $0.map(\.storage.tensor) }
    defer { put(own) }
    put(weights)
    return body()
  }

  private func put(_ tensors: [[Tensor?]]) {
    for (entries, tensors) in zip(encoders, tensors) {
      for (entry, tensor) in zip(entries, tensors) { entry.storage.tensor = tensor }
    }
  }

  /// The tensors of the teachers' encoders.
  func state() -> [(key: String, tensor: Tensor)] {
    StrategyState.prefixed(
      "teachers", zip(encoders.flatMap { $0 }, weights.flatMap { $0 }).map { ($0.key, $1) })
  }

  /// Restores the tensors of ``state()``.
  /// - Throws: `Fault(.badData)` for a missing tensor or another shape.
  func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    var loaded: [[Tensor]] = []
    for entries in encoders {
      var tensors: [Tensor] = []
      for (key, storage) in entries {
        guard let own = storage.tensor else { continue }
        _ = try StrategyState.numbers("teachers.\(key)", of: state, count: own.count, file: file)
        if let saved = state["teachers.\(key)"] { tensors.append(saved.reshaped(to: own.shape).to(own.device)) }
      }
      loaded.append(tensors)
    }
    weights = loaded
  }
}

/// The training of all teachers in one run: the sum of the heads' losses, and for each teacher the best epoch.
private final class Lesson: StepHook {
  typealias Best = (loss: Double, encoder: [Tensor], head: [Tensor])

  private let heads: ModalityHeads
  private let encoders: [[(key: String, storage: StoredTensor)]]
  private let form: TaskLoss
  private(set) var best: [Best] = []

  init(_ heads: ModalityHeads, _ encoders: [[(key: String, storage: StoredTensor)]], _ form: TaskLoss) {
    (self.heads, self.encoders, self.form) = (heads, encoders, form)
  }

  var needsEncodings: Bool { true }

  func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    heads.groups(model, settings)
  }

  func loss(_ step: TrainingStep) -> Tensor {
    .stacked(heads(step.output.encoded).map { form($0, step.batch.target) }).sum()
  }

  func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault) {
    let losses = model.means(over: validation, count: encoders.count) { output, target in
      heads(output.encoded).map { form($0, target).item }
    }
    func copies(_ entries: [(key: String, storage: StoredTensor)]) -> [Tensor] {
      noGrad { entries.map { $0.storage.tensor!.detached().copy() } }
    }
    let now: [Best] = losses.indices.map {
      (losses[$0], copies(encoders[$0]), copies(heads.heads[$0].parameters()))
    }
    best = best.isEmpty ? now : zip(best, now).map { $1.loss < $0.loss ? $1 : $0 }
  }
}
