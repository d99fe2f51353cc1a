import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// A small model whose streams adapt by a method, and the same method in a loop over a whole data set.
struct AdaptingStreams {
  /// The methods of streams that train.
  static let training = AdaptedStreams.methods.filter { $0 != "inputs" }

  var adapting: Adapting

  /// - Parameter settings: further settings of the method, with the guard's if the test needs other bounds.
  init(_ method: String, _ settings: String = "", batchSize: Int = 6, count: Int = 20) {
    adapting = Adapting.named(method, online: true)
    if !settings.isEmpty { adapting.settings = settings }
    (adapting.batchSize, adapting.count) = (batchSize, count)
    // Tent and READ need classes. Dropout shows that a step draws its own random numbers, which follow from the seed 0.
    (adapting.kind, adapting.dropout, adapting.seed) = (.classification, 0.2, 0)
  }

  func adaptation(_ method: (any AdaptationMethod)? = nil) throws -> StreamAdaptation {
    try ownRandomNumbers {
      try StreamAdaptation(
        adapting.model(), method: method ?? adapting.makeMethod(), example: adapting.samples().rows([0]))
    }
  }

  /// Samples that have drifted by a factor and a shift of their own.
  func drifted(_ scale: Double, _ shift: Double) -> UnlabelledSplit {
    var inputs = adapting.samples().inputs
    inputs.modalities = inputs.modalities.map { $0 * scale + shift }
    return UnlabelledSplit(name: "drifted", inputs: inputs)
  }

  /// The number of batches of a stream with all samples.
  var batches: Int { (adapting.count + adapting.batchSize - 1) / adapting.batchSize }

  /// Predicts a batch.
  func say(
    _ samples: UnlabelledSplit, _ batch: Int, _ state: StreamAdaptation.State, _ adaptation: StreamAdaptation
  ) throws -> (inputs: Inputs, prediction: Tensor) {
    let start = batch * adapting.batchSize
    let inputs = samples.rows(Array(start..<min(start + adapting.batchSize, samples.count)))
    let model = try adaptation.model(as: state)
    return (inputs, noGrad { model(inputs).prediction })
  }

  /// Predicts a batch, and learns from it.
  func meet(
    _ samples: UnlabelledSplit, _ batch: Int, _ state: inout StreamAdaptation.State, _ adaptation: StreamAdaptation
  ) throws -> [Float] {
    let (inputs, prediction) = try say(samples, batch, state, adaptation)
    return try ownRandomNumbers {
      state = try adaptation.learned(inputs, prediction, from: state)
      return prediction.floats
    }
  }

  /// Passes a whole stream through an adaptation.
  func pass(
    _ samples: UnlabelledSplit, _ adaptation: StreamAdaptation
  ) throws -> (said: [[Float]], state: StreamAdaptation.State) {
    var state = adaptation.source
    let said = try (0..<batches).map { try meet(samples, $0, &state, adaptation) }
    return (said, state)
  }
}

extension StreamAdaptation.State {
  /// All numbers of all tensors.
  var numbers: [String: [Double]] { tensors.mapValues(\.doubles) }
}
