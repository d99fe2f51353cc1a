import Foundation
import Torch

/// Does one stage of a pipeline in its folder, or goes on with it; nothing where it is finished already.
struct StageRunner {
  let device: Device
  let watch: PipelineWatch

  /// Leaves the stage's product in its folder.
  ///
  /// - Parameter title: what the stage is called in logs.
  /// - Returns: What it says of itself; nil where the user stopped it.
  func run(_ place: StagePlace, seed: UInt64, from state: PipelineState?, title: String) throws(Fault) -> StageRecord? {
    if let record = place.record() {
      watch.note("\(title): taken from \(place.relative)")
      return record
    }
    if FileManager.default.fileExists(atPath: "\(place.path)/\(StageRecord.file)") {
      // Finished once, and damaged since: its checkpoint is of no more use.
      watch.note("\(title): what \(place.relative) holds is damaged, and is made anew")
      try? FileManager.default.removeItem(atPath: place.path)
    }
    guard !StopSignal.isRequested else { return nil }
    watch.note("\(title): \(place.relative)")
    let folder = try RunFolder(place.path, existing: .resume)
    let clock = StageClock(folder.path)
    var record = StageRecord(
      key: place.key, kind: place.stage.kind.rawValue, method: place.stage.method, seed: seed, weights: "", seconds: 0)
    let isDone =
      switch (place.stage.kind, state) {
      case (.train, _): try train(place.stage, seed, folder, clock, &record)
      case (.tune, let state?): try tune(place.stage, seed, state, folder, clock, &record)
      case (.adapt, let state?): try adapt(place.stage, seed, state, folder, clock, &record)
      case (_, nil): throw Fault(.failure, "there is no model to start from", file: place.path)
      }
    guard isDone else { return nil }
    record.weights = try FileHash.sha256(of: place.weights)
    record.seconds = clock.seconds
    try JSONFile.write(record, to: "\(place.path)/\(StageRecord.file)")
    return record
  }

  private func train(
    _ stage: PipelineStage, _ seed: UInt64, _ folder: RunFolder, _ clock: StageClock, _ record: inout StageRecord
  ) throws(Fault) -> Bool {
    var recipe = stage.recipe("model", "training", "normalization", "balance")
    if case .map(var members) = recipe.content, case .map(var balance)? = members["balance"]?.content {
      balance["method"] = nil
      members["balance"] = balance.isEmpty ? nil : SettingsTree(.map(balance))
      recipe.content = .map(members)
    }
    let run = TrainingRun(
      recipe: recipe, data: stage.data, output: folder.path, strategies: [stage.method], seeds: [seed],
      existing: .resume, device: device,
      observers: { (_, folder) throws(Fault) in
        [clock] + (try RunLogs.observers(folder)) + watch.training("")
      })
    let (results, wasStopped) = try run.run()
    record.parameters = results.first?.parameters.map { .init(total: $0.total, trainable: $0.trainable) }
    return !wasStopped
  }

  private func tune(
    _ stage: PipelineStage, _ seed: UInt64, _ state: PipelineState, _ folder: RunFolder, _ clock: StageClock,
    _ record: inout StageRecord
  ) throws(Fault) -> Bool {
    var sweep = TuningSweep(
      base: state.model, recipe: stage.recipe("tuning", "training"), data: stage.data, output: folder.path,
      methods: [stage.method], seeds: [seed], existing: .resume, device: device, missing: stage.condition.missing,
      observers: { (_, folder) throws(Fault) in
        [clock] + (try RunLogs.observers(folder)) + watch.training("")
      })
    sweep.adapter = state.adapter
    (sweep.shift, sweep.shifted) = (stage.condition.shift, stage.condition.modalities)
    sweep.samples = stage.samples
    let (results, wasStopped) = try sweep.run()
    record.parameters = results.first?.parameters.map { .init(total: $0.total, trainable: $0.trainable) }
    record.cost = results.first?.cost
    return !wasStopped
  }

  /// Nothing here reads a target: what is adapted to is an ``UnlabelledSplit``.
  private func adapt(
    _ stage: PipelineStage, _ seed: UInt64, _ state: PipelineState, _ folder: RunFolder, _ clock: StageClock,
    _ record: inout StageRecord
  ) throws(Fault) -> Bool {
    try AtomicFile.write(stage.recipe("adaptation").yaml(), to: folder.recipe)
    let configuration = try ModelFolder.configuration(of: state.model)
    let dataset = try Dataset(stage.data).fitted(to: configuration)
    let samples = try stage.condition.unlabelled(dataset, stage.split, seed: seed)
    let run = AdaptationRun(
      base: state.model, adapter: state.adapter, method: stage.method, settings: stage.settings["adaptation"] ?? .empty,
      isOnline: stage.isOnline, seed: seed, device: device)
    let outcome = try run.run(
      on: samples, folder: folder, resume: true,
      observers: [clock, try AdaptationLogs.observer(folder, isOnline: stage.isOnline)]
        + watch.adaptation("", stage.isOnline)
    ).outcome
    for note in outcome.notes { watch.note("\(stage.method): \(note)") }
    record.parameters = .init(total: outcome.parameters.total, trainable: outcome.parameters.adapted)
    return !outcome.wasStopped
  }
}
