import Torch

extension AdaptationLoop {
  /// The number of batches between two checkpoints of a stream.
  private static let checkpointInterval = 20

  /// Passes over the stream once in its order. The model predicts each batch, then learns from it.
  func runOnline(_ isStopped: () -> Bool) throws(Fault) -> AdaptationOutcome {
    let batches = BatchSampler(
      count: session.samples.count, batchSize: session.settings.batchSize, seed: nil
    ).epoch(0)
    let start = state.stepInEpoch
    for indices in batches.dropFirst(start) {
      try meet(indices, of: batches.count)
      if state.stepInEpoch < batches.count, isStopped() {
        try writeCheckpoint()
        return try outcome(wasStopped: true)
      }
      let isDue = state.stepInEpoch % Self.checkpointInterval == 0 && state.stepInEpoch < batches.count
      if isDue { try writeCheckpoint() }
    }
    // A run that resumes at the end of its stream has this checkpoint already.
    if start < batches.count { try writeCheckpoint() }
    return try outcome(wasStopped: false)
  }

  private func meet(_ indices: [Int], of count: Int) throws(Fault) {
    session.seen = (indices.last ?? 0) + 1
    if session.settings.episodic {
      watch.source.restore(session)
      session.restartOptimizer()
      method.reset(session)
    }
    let inputs = session.samples.rows(indices).to(session.device)
    let before = try session.predict(inputs)
    let source = try watch.withSource(session) { () throws(Fault) in try session.predict(inputs) }
    let sums = try session.repeated(watch) { () throws(Fault) in
      try adapt(AdaptationBatch(indices: indices, inputs: inputs, prediction: before))
    }
    state.step += 1
    state.stepInEpoch += 1
    stream.add(before: before, after: try session.predict(inputs), source: source)
    let drift = watch.drift(session)
    if let failure = watch.violation(session, spread: try spread(), contrast: watch.meanContrast) {
      try goBack(failure)
      _ = try method.didReturn(session)
      stream.replaceLast(after: try session.predict(inputs))
    } else {
      watch.accept(session)
    }
    let record = AdaptationRecord(
      epoch: 1, step: state.step, stage: method.stage, loss: sums.meanLoss, learned: sums.learned, drift: drift,
      inputDrift: method.inputDrift)
    state.records.append(record)
    for observer in observers {
      observer.didStep(epoch: 1, epochs: 1, step: state.stepInEpoch, steps: count, loss: sums.meanLoss)
      try observer.didEnd(record)
    }
  }

  /// The predictions of the latest samples by the current model and by the source. They are those of this batch, or of
  /// as many samples as a spread needs.
  private func spread() throws(Fault) -> (now: Tensor, source: Tensor) {
    let last = stream.last
    let size = min(session.seen, CollapseGuard.smallestGroup)
    guard last.after.size(0) < size else { return (last.after, last.source) }
    return (try session.predict(Array((session.seen - size)..<session.seen)), stream.source(latest: size))
  }

  private func outcome(wasStopped: Bool) throws(Fault) -> AdaptationOutcome {
    let said = stream.all
    var outcome = try finish(session.settings.episodic ? said.after : said.before, wasStopped: wasStopped)
    (outcome.updated, outcome.source) = (said.after, said.source)
    return outcome
  }
}

/// The predictions of a stream, batch by batch: before and after learning from the batch, and by the source.
struct PredictionStream {
  private var before: [Tensor] = []
  private var after: [Tensor] = []
  private var source: [Tensor] = []

  init() {}

  mutating func add(before: Tensor, after: Tensor, source: Tensor) {
    self.before.append(before.to(.cpu))
    self.after.append(after.to(.cpu))
    self.source.append(source.to(.cpu))
  }

  mutating func replaceLast(after tensor: Tensor) { after[after.count - 1] = tensor.to(.cpu) }

  /// The predictions of the latest batch.
  var last: (after: Tensor, source: Tensor) { (after[after.count - 1], source[source.count - 1]) }

  /// The source's predictions of the latest samples.
  func source(latest count: Int) -> Tensor {
    let batches = Tensor.concatenated(Array(source.suffix(count)))
    return batches.slice(0, batches.size(0) - count)
  }

  var all: (before: Tensor, after: Tensor, source: Tensor) {
    (.concatenated(before), .concatenated(after), .concatenated(source))
  }

  func state() -> [(key: String, tensor: Tensor)] {
    guard !before.isEmpty else { return [] }
    return [
      ("before", .concatenated(before)), ("after", .concatenated(after)), ("source", .concatenated(source)),
      ("sizes", Tensor(before.map { $0.size(0) })),
    ]
  }

  /// Restores the predictions of a number of batches.
  init(_ saved: [String: Tensor], batches count: Int, file: String?) throws(Fault) {
    guard count > 0 else { return }
    let sizes = try SavedTensors.tensor("sizes", saved, file: file)
    let counts = sizes.integers
    func batches(_ key: String) throws(Fault) -> [Tensor] {
      let tensor = try SavedTensors.tensor(key, saved, file: file)
      guard counts.count == count, counts.allSatisfy({ $0 > 0 && $0 <= tensor.size(0) }),
        tensor.rank > 0, counts.reduce(0, +) == tensor.size(0)
      else {
        throw Fault(
          .badData, "the predictions of a stream do not fit its batches", file: file, key: key,
          found: tensor.description, expected: "\(count) batches of sizes \(sizes.description)",
          remedy: CheckpointFolder.remedy)
      }
      return tensor.split(counts)
    }
    (before, after, source) = (try batches("before"), try batches("after"), try batches("source"))
  }
}
