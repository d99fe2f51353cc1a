import Torch

/// An adaptation of many streams by one model, whose batches come one at a time.
///
/// All streams share the weights. A stream has a ``State`` of its own: the tensors that the method changes in the model,
/// and those that the method keeps. A call puts the state of its stream into the model before it computes. So nothing of
/// one stream reaches another one.
///
/// The method must learn from a batch alone, as input alignment does. It must not look at earlier samples.
package final class StreamAdaptation {
  /// The state of a stream, which is all that it has learned. Its tensors never change, so threads may share it.
  package struct State: @unchecked Sendable {
    /// The tensors by key.
    package internal(set) var tensors: [String: Tensor]
    /// The number of samples that the stream has learned from.
    package internal(set) var samples = 0
    /// The number of batches that the stream has learned from.
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
  private let method: any AdaptationMethod
  private let session: AdaptationSession
  private let watch: CollapseGuard

  /// Prepares a model for streams.
  /// - Parameters:
  ///   - model: the model. From now on, its tensors are those of the latest stream.
  ///   - method: the method.
  ///   - example: inputs of one sample, which have the shapes of all others.
  ///   - device: the device that computes.
  /// - Throws: `Fault(.usage)` if the method cannot adapt the model, or if it needs more than a batch.
  package init(
    _ model: MultimodalModel, method: any AdaptationMethod, example: Inputs, device: Device = .cpu
  ) throws(Fault) {
    try method.check(isOnline: true)
    try method.install(on: model)
    self.method = method
    session = AdaptationSession(
      model, UnlabelledSplit(name: "stream", inputs: example), method.settings, seed: 0, device: device,
      isOnline: true)
    watch = CollapseGuard(method.settings.bounds, source: AdaptedState(of: session))
    session.seedDropout(.snapshots)
    try method.begin(session)
    source = State(tensors: Self.tensors(method, session, watch))
  }

  /// The model with the state of a stream in it.
  package func model(as state: State) throws(Fault) -> MultimodalModel {
    try enter(state)
    session.form(dropout: false)
    return session.model
  }

  /// Learns from a batch.
  /// - Parameters:
  ///   - inputs: the batch, on the model's device.
  ///   - prediction: the model's prediction for it as the stream's model.
  ///   - state: the stream's state before.
  /// - Returns: The state after. If that violates a bound or has a number that is not finite, it is the state before, with
  ///   one more return.
  package func learned(_ inputs: Inputs, _ prediction: Tensor, from state: State) throws(Fault) -> State {
    try enter(state)
    session.stepInEpoch = state.steps
    session.seedDropout()
    let batch = AdaptationBatch(indices: Array(0..<inputs.count), inputs: inputs, prediction: prediction)
    _ = try method.adapt(batch, session)
    var next = state
    next.steps += 1
    next.samples += inputs.count
    let tensors = Self.tensors(method, session, watch)
    guard watch.violation(session) == nil, Self.areFinite(tensors) else {
      session.hasFailed = false
      next.returns += 1
      return next
    }
    next.tensors = tensors
    next.drift = method.inputDrift ?? [:]
    return next
  }

  /// The beginning of the keys of tensors in the model, and of those that the method keeps.
  private static let (inModel, ofMethod) = ("adapted.", "method.")

  private func enter(_ state: State) throws(Fault) {
    noGrad {
      for (key, tensor) in watch.source.tensors(session: session) {
        tensor.copyInPlace(from: state.tensors[Self.inModel + key]!)
      }
    }
    let own = state.tensors.filter { $0.key.hasPrefix(Self.ofMethod) }
    let saved = own.map { (String($0.key.dropFirst(Self.ofMethod.count)), $0.value) }
    try method.load(Dictionary(uniqueKeysWithValues: saved), session, file: nil)
  }

  /// Copies of all tensors of the present state.
  private static func tensors(
    _ method: any AdaptationMethod, _ session: AdaptationSession, _ watch: CollapseGuard
  ) -> [String: Tensor] {
    noGrad {
      let adapted = watch.source.tensors(session: session).map { (inModel + $0.key, $0.tensor.copy()) }
      let kept = method.state().map { (ofMethod + $0.key, $0.tensor.copy()) }
      return Dictionary(uniqueKeysWithValues: adapted + kept)
    }
  }

  /// True if all numbers of the tensors are finite.
  static func areFinite(_ tensors: [String: Tensor]) -> Bool {
    tensors.values.allSatisfy { !$0.dtype.isFloatingPoint || $0.isFinite }
  }
}
