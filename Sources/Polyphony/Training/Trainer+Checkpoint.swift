import Torch

/// Saving and restoring a run.
extension Trainer {
  /// The tensors that training changes: parameters with gradients, and buffers.
  func modelTensors() -> [(key: String, tensor: Tensor)] {
    let buffers = model.backbone.storage().filter { !$0.storage.isTrainable }
    return (model.trainableParameters() + buffers).map { ($0.key, $0.storage.tensor!.detached()) }
  }

  func writeCheckpoint() throws(Fault) {
    guard let folder else { return }
    state.captureRandomness()
    try Checkpoint.write(
      [
        ("model", modelTensors().map { (model.backbone.fileKey($0.key), $0.tensor) }),
        ("optimizer", stepper.optimizer.state()), ("strategy", stepper.hook.state()), ("best", best),
      ], state, to: "\(folder)/checkpoint")
  }

  /// Continues from the folder's checkpoint if there is one. In a group, every process takes the state of the process 0.
  func restore(resume: Bool, from group: ProcessGroup?) throws(Fault) {
    var saved = resume ? try savedRun() : nil
    if let group { saved = try group.share(saved, start: modelTensors().map(\.tensor)) }
    guard let saved else { return }
    let own = modelTensors()
    let weights = try matched(own, saved, "model") { model.backbone.fileKey($0) }
    let chosen = saved.state.bestEpoch > 0 ? try matched(own, saved, "best") { $0 } : []
    noGrad { for (entry, source) in zip(own, weights) { entry.tensor.copyInPlace(from: source) } }
    try stepper.optimizer.load(saved.tensors["optimizer"] ?? [:], file: saved.file("optimizer"))
    try stepper.hook.load(saved.tensors["strategy"] ?? [:], file: saved.file("strategy"))
    best = zip(own, chosen).map { ($0.key, $1) }
    let before = saved.state.arithmetic
    let machine =
      before == Libtorch.arithmetic
      ? nil : "resumed with \(Libtorch.arithmetic), begun with \(before): the last bits will differ"
    for text in [saved.warning, machine].compactMap(\.self) { for observer in observers { observer.note(text) } }
    state = saved.state
    (state.epochs, state.arithmetic) = (settings.epochs, Libtorch.arithmetic)
    try state.restoreRandomness(file: saved.stateFile)
  }

  /// Reads and checks the checkpoint of this run. Nil if there is none.
  private func savedRun() throws(Fault) -> SavedRun<TrainingState>? {
    guard let folder, let saved = try Checkpoint<TrainingState>(at: "\(folder)/checkpoint") else { return nil }
    try state.identity.check(resuming: saved.state.identity, file: saved.path)
    try saved.state.check(resumedBy: state, sampler, file: "\(saved.path)/state.json")
    return try saved.loaded(["model", "optimizer", "strategy", "best"])
  }

  /// The tensors of a checkpoint's file that belong to this run's own tensors, in their order.
  private func matched(
    _ own: [(key: String, tensor: Tensor)], _ saved: SavedRun<TrainingState>, _ name: String,
    _ renamed: (String) -> String
  ) throws(Fault) -> [Tensor] {
    let tensors = saved.tensors[name] ?? [:]
    var result: [Tensor] = []
    for (key, tensor) in own {
      let key = renamed(key)
      guard let source = tensors[key], source.shape == tensor.shape else {
        throw Fault(
          .badData, "the checkpoint does not fit this model", file: saved.file(name), key: key,
          found: tensors[key]?.description ?? "no such tensor", expected: tensor.description,
          remedy: "resume with the run's recipe, or choose another output folder")
      }
      result.append(source)
    }
    return result
  }

  /// The identity that a resumed run must share, with the samples as the data have them.
  func identity(
    _ seed: UInt64, _ origin: String?, _ training: LabelledSplit, _ validation: LabelledSplit
  ) -> RunIdentity {
    var identity = RunIdentity([
      "seed": "\(seed)", "libtorch": Libtorch.version, "missing": corruption?.name, "model": origin,
    ])
    identity.add("training", settings.identity)
    if !model.backbone.inputEncoders.isEmpty {
      identity.add("training", ["encoder_rate": .number(settings.encoderRate)])
    }
    for (name, split) in [("train", training), ("valid", validation)] {
      identity.add(data: name, split.hashes(model.configuration.modalities))
    }
    return identity
  }

  /// Gives the model the weights of its best epoch, and saves it again in case a kill interrupted the last save.
  func restoreBest() throws(Fault) {
    let chosen = Dictionary(best.map { ($0.key, $0.tensor) }, uniquingKeysWith: { $1 })
    noGrad {
      for (key, tensor) in modelTensors() { if let source = chosen[key] { tensor.copyInPlace(from: source) } }
    }
    if let folder, !best.isEmpty { try save(model, folder) }
  }
}
