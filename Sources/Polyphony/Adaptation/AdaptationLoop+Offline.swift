import Torch

extension AdaptationLoop {
  /// The largest number of samples for the comparison of spreads.
  private static let probeSize = 512

  /// Runs epochs over the target in an order that depends on seed and epoch. Then the adapted model predicts all of it.
  func runOffline(_ isStopped: () -> Bool) throws(Fault) -> AdaptationOutcome {
    let probe = probeIndices()
    let before = probe.isEmpty ? nil : try watch.withSource(session) { () throws(Fault) in try session.predict(probe) }
    while !state.isEnded, state.epoch < method.epochs {
      session.epoch = state.epoch
      let chosen = method.samples(session)
      let sampler = BatchSampler(
        count: chosen?.count ?? session.samples.count, batchSize: session.settings.batchSize, seed: session.seed)
      var failure = try walk(sampler, chosen, isStopped)
      if failure == nil, state.stepInEpoch < sampler.batchCount {
        try writeCheckpoint()
        return try finish(try predictAll(), wasStopped: true)
      }
      if failure == nil {
        let spread = try before.map { (source) throws(Fault) in (now: try session.predict(probe), source: source) }
        failure = try decided(watch.violation(session, spread: spread, contrast: state.sums.meanContrast))
      }
      try endEpoch(failure)
      if try session.division.holds(isStopped()), state.epoch < method.epochs, !state.isEnded {
        return try finish(try predictAll(), wasStopped: true)
      }
    }
    return try finish(try predictAll(), wasStopped: false)
  }

  /// Runs the rest of an epoch's steps. It ends early after a stop request, and with the violation of a bound.
  private func walk(
    _ sampler: BatchSampler, _ chosen: [Int]?, _ isStopped: () -> Bool
  ) throws(Fault) -> CollapseViolation? {
    for places in sampler.epoch(state.epoch).dropFirst(state.stepInEpoch) {
      let indices = chosen.map { chosen in places.map { chosen[$0] } } ?? places
      let inputs = session.samples.rows(indices).to(session.device)
      let step = try adapt(AdaptationBatch(indices: indices, inputs: inputs, prediction: nil))
      state.step += 1
      state.stepInEpoch += 1
      state.sums.add(step)
      if let failure = try decided(watch.violation(session)) { return failure }
      for observer in observers {
        observer.didStep(
          epoch: state.epoch + 1, epochs: method.epochs, step: state.stepInEpoch, steps: sampler.batchCount,
          loss: state.sums.meanLoss)
      }
      if state.stepInEpoch < sampler.batchCount, try session.division.holds(isStopped()) { return nil }
    }
    return nil
  }

  private func endEpoch(_ failure: CollapseViolation?) throws(Fault) {
    let record = AdaptationRecord(
      epoch: state.epoch + 1, step: state.step, stage: method.stage, loss: state.sums.meanLoss,
      learned: state.sums.learned, drift: watch.drift(session), inputDrift: method.inputDrift)
    session.seedDropout(.snapshots)
    if let failure {
      try goBack(failure)
      state.isEnded = try !method.didReturn(session)
    } else {
      watch.accept(session)
      state.records.append(record)
      try method.endEpoch(session)
    }
    state.epoch += 1
    state.stepInEpoch = 0
    state.sums = .init()
    if failure == nil { for observer in observers { try observer.didEnd(record) } }
    try writeCheckpoint()
  }

  /// The violation that the process 0 finds. Machines may differ in the last bits, so a group decides by its numbers.
  private func decided(_ own: CollapseViolation?) throws(Fault) -> CollapseViolation? {
    let isFailed = try session.division.decided(own == nil ? 0 : 1) > 0
    return isFailed ? own ?? CollapseViolation(measure: .drift) : nil
  }

  private func predictAll() throws(Fault) -> Tensor { try session.predict(Array(0..<session.samples.count)) }

  /// The indices of samples at equal distances over the target; empty if nothing is watched or adapted.
  private func probeIndices() -> [Int] {
    guard watch.bounds.isEnabled, session.group.parameters.values.count > 0 else { return [] }
    let count = session.samples.count
    let size = min(count, Self.probeSize)
    return (0..<size).map { $0 * count / size }
  }
}
