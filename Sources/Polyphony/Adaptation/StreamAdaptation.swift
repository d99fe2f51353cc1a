import Torch

/// An adaptation of many streams by one model, whose batches come one at a time.
///
/// All streams share the weights. A stream has a ``State`` of its own: the tensors that the method changes in the model,
/// and those that the method keeps. A call puts the state of its stream into the model before it computes. So nothing of
/// one stream reaches another one.
///
/// The method must not look at samples outside a batch (``AdaptationMethod/memory(for:)``). Its random numbers follow from
/// the number of batches before, so a stream learns as it would alone.
package final class StreamAdaptation {
  /// The state of a stream, which is all that it has learned. Its tensors never change, so threads may share it.
  package struct State: @unchecked Sendable {
    /// The tensors by key.
    package internal(set) var tensors: [String: Tensor]
    /// The number of samples in the batches that the stream has learned from, or that were refused.
    package internal(set) var samples = 0
    /// The number of samples in batches that were too small for the method.
    package internal(set) var skipped = 0
    /// The number of batches.
    package internal(set) var steps = 0
    /// The number of batches that were refused, because the state after them violated a bound.
    package internal(set) var returns = 0
    /// How far each modality's inputs have drifted, in standard deviations of the source. It is empty before the first
    /// batch that a process learns from.
    package internal(set) var drift: [String: Double] = [:]

    /// The bytes of all tensors.
    package var byteCount: Int { tensors.values.reduce(0) { $0 + $1.count * $1.dtype.byteCount } }
  }

  /// The state of a stream that has learned nothing.
  package let source: State
  private let parts: StreamTensors
  /// The stream of random numbers for dropout, which nothing else in the process draws from.
  private let dropout = DropoutStream(.init(seed: 0, offset: 0))

  /// Prepares a model for streams.
  /// - Parameters:
  ///   - model: the model. From now on, its tensors are those of the latest stream.
  ///   - method: the method.
  ///   - example: inputs of one sample, which have the shapes of all others.
  ///   - device: the device that computes.
  /// - Throws: `Fault(.usage)` if the method cannot adapt the model.
  package init(
    _ model: MultimodalModel, method: any AdaptationMethod, example: Inputs, device: Device = .cpu
  ) throws(Fault) {
    try method.check(isOnline: true)
    try method.install(on: model)
    let session = AdaptationSession(
      model, UnlabelledSplit(name: "stream", inputs: example), method.settings, seed: 0, device: device,
      isOnline: true)
    let watch = CollapseGuard(method.settings.bounds, source: AdaptedState(of: session))
    parts = StreamTensors(method: method, session: session, watch: watch)
    try Self.with(dropout) { () throws(Fault) in
      session.seedDropout(.snapshots)
      try method.begin(session)
    }
    source = State(tensors: parts.copies)
  }

  /// The model with the state of a stream in it.
  package func model(as state: State) throws(Fault) -> MultimodalModel {
    try parts.enter(state.tensors)
    parts.session.form(dropout: false)
    return parts.session.model
  }

  /// Learns from a batch.
  /// - Parameters:
  ///   - inputs: the batch, on the model's device.
  ///   - prediction: the model's prediction for it as the stream's model.
  ///   - state: the stream's state before.
  /// - Returns: The state after. If that violates a bound or has a number that is not finite, it is the state before, with
  ///   one more return and a new optimizer. If the batch is too small for the method, it is the state before, with more
  ///   skipped samples.
  package func learned(_ inputs: Inputs, _ prediction: Tensor, from state: State) throws(Fault) -> State {
    let (method, session, watch) = (parts.method, parts.session, parts.watch)
    try parts.enter(state.tensors)
    session.stepInEpoch = state.steps
    let batch = AdaptationBatch(indices: Array(0..<inputs.count), inputs: inputs, prediction: prediction)
    let sums = try Self.with(dropout) { () throws(Fault) in
      try session.repeated(watch) { () throws(Fault) in
        session.seedDropout()
        return try method.adapt(batch, session)
      }
    }
    var next = state
    next.steps += 1
    guard sums.learned > 0 || session.hasFailed else {
      next.skipped += inputs.count
      return next
    }
    next.samples += inputs.count
    let violation = watch.violation(session, spread: try spread(inputs), contrast: watch.meanContrast)
    let tensors = parts.copies
    guard violation == nil, Self.areFinite(tensors) else {
      next.returns += 1
      next.tensors = parts.returned(to: state.tensors, source: source.tensors)
      return next
    }
    next.tensors = tensors
    next.drift = method.inputDrift ?? [:]
    return next
  }

  private static func with<Value>(
    _ dropout: DropoutStream, _ body: () throws(Fault) -> Value
  ) throws(Fault) -> Value {
    try DropoutStream.ofThread.withValue(dropout) { Result(catching: body) }.get()
  }

  /// The predictions of a batch by the present model and by the source. They are nil for a batch that is too small for a
  /// spread, because a stream keeps no samples of earlier ones.
  private func spread(_ inputs: Inputs) throws(Fault) -> (now: Tensor, source: Tensor)? {
    let (session, watch) = (parts.session, parts.watch)
    guard watch.bounds.isEnabled, inputs.count >= CollapseGuard.smallestGroup else { return nil }
    let now = try session.predict(inputs)
    return (now, try watch.withSource(session) { () throws(Fault) in try session.predict(inputs) })
  }

  /// True if all numbers of the tensors are finite.
  static func areFinite(_ tensors: [String: Tensor]) -> Bool {
    tensors.values.allSatisfy { !$0.dtype.isFloatingPoint || $0.isFinite }
  }
}
