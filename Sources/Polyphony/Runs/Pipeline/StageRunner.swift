import Foundation
import Torch

/// Runs or continues one stage of a pipeline in its folder. It skips a finished stage.
struct StageRunner {
  let device: Device
  let watch: PipelineWatch

  /// Runs the stage, and writes its product into its folder.
  ///
  /// - Parameter title: the name of the stage in logs.
  /// - Returns: The record of the stage, or nil if the user stopped it.
  func run(_ place: StagePlace, seed: UInt64, from state: PipelineState?, title: String) throws(Fault) -> StageRecord? {
    if let record = place.record() {
      watch.note("\(title): taken from \(place.relative)")
      return record
    }
    if FileManager.default.fileExists(atPath: "\(place.path)/\(StageRecord.file)") {
      // The stage was finished once and is damaged since. Its checkpoint is of no use any more.
      watch.note("\(title): what \(place.relative) holds is damaged, and is made anew")
      try removeDamaged(place)
    }
    guard !StopSignal.isRequested else { return nil }
    watch.note("\(title): \(place.relative)")
    let folder = try RunFolder(place.path, existing: .resume)
    let clock = StageClock(folder.path)
    var record = StageRecord(
      key: place.key, kind: place.stage.kind.rawValue, method: place.stage.method, seed: seed, weights: "", seconds: 0)
    let score: RunScore? =
      switch (place.stage.kind, state) {
      case (.train, _): try train(place.stage, seed, folder, clock)
      case (.tune, let state?): try tune(place.stage, seed, state, folder, clock)
      case (.adapt, let state?): try adapt(place.stage, seed, state, folder, clock)
      case (_, nil): throw Fault(.failure, "there is no model to start from", file: place.path)
      }
    guard let score else { return nil }
    record.parameters = score.parameters
    record.cost = score.cost
    for remark in score.remarks { watch.note("\(place.stage.method): \(remark)") }
    record.weights = try FileHash.sha256(of: place.weights)
    record.seconds = clock.seconds
    try JSONFile.write(record, to: "\(place.path)/\(StageRecord.file)")
    return record
  }

  /// Removes the files of a stage, and its mark first. So a killed process leaves an unfinished stage.
  private func removeDamaged(_ place: StagePlace) throws(Fault) {
    for name in [StageRecord.file, StageClock.file] { unlink("\(place.path)/\(name)") }
    _ = try RunFolder(place.path, existing: .overwrite)
  }

  private func train(
    _ stage: PipelineStage, _ seed: UInt64, _ folder: RunFolder, _ clock: StageClock
  ) throws(Fault) -> RunScore? {
    var recipe = stage.recipe("model", "training", "normalization", "balance")
    if case .map(var members) = recipe.content, case .map(var balance)? = members["balance"]?.content {
      balance["method"] = nil
      members["balance"] = balance.isEmpty ? nil : SettingsTree(.map(balance))
      recipe.content = .map(members)
    }
    let life = TrainLife(recipe: recipe, data: stage.data, methods: [stage.method], device: device)
    return try score(life, seed, folder) { (folder) throws(Fault) in
      [clock] + (try RunLogs.observers(folder)) + watch.training("")
    }
  }

  private func tune(
    _ stage: PipelineStage, _ seed: UInt64, _ state: PipelineState, _ folder: RunFolder, _ clock: StageClock
  ) throws(Fault) -> RunScore? {
    var life = TuneLife(
      model: state.model, adapter: state.adapter, recipe: stage.recipe("tuning", "training"),
      data: .folder(stage.data), methods: [stage.method], device: device)
    (life.condition, life.samples) = (stage.condition, stage.samples)
    return try score(life, seed, folder) { (folder) throws(Fault) in
      [clock] + (try RunLogs.observers(folder)) + watch.training("")
    }
  }

  /// Adapts to an ``UnlabelledSplit``. So no code here can read a target.
  private func adapt(
    _ stage: PipelineStage, _ seed: UInt64, _ state: PipelineState, _ folder: RunFolder, _ clock: StageClock
  ) throws(Fault) -> RunScore? {
    let data = try Dataset(stage.data)
    var life = AdaptLife(
      model: state.model, adapter: state.adapter, recipe: stage.recipe("adaptation"), origin: stage.data,
      scored: stage.split, methods: [stage.method], device: device
    ) { (configuration, seed) throws(Fault) in
      let samples = try stage.condition.unlabelled(data.fitted(to: configuration), stage.split, seed: seed)
      return AdaptationTarget(samples: samples)
    }
    life.isOnline = stage.isOnline
    return try score(life, seed, folder) { (folder) throws(Fault) in
      [clock, try AdaptationLogs.observer(folder, isOnline: stage.isOnline)] + watch.adaptation("", stage.isOnline)
    }
  }

  /// Runs or continues one method with one seed in the stage's folder. Returns nil if the user stopped it.
  private func score<Kind: Life>(
    _ life: Kind, _ seed: UInt64, _ folder: RunFolder,
    _ observers: @escaping (RunFolder) throws(Fault) -> [Kind.Prepared.Observer]
  ) throws(Fault) -> RunScore? {
    let grid = MethodGrid(life, output: folder.path, seeds: [seed], existing: .resume) {
      (_, folder) throws(Fault) in try observers(folder)
    }
    return try grid.run().scores.first?.first
  }
}
