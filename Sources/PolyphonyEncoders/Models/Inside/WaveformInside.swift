import Polyphony
import Torch

/// An encoder of sounds inside a model, which has about 50 states a second.
final class WaveformInside: Module, InputEncoder {
  /// The most samples that are computed together. A minute of sound is a million.
  private static let mostSamples = 1 << 20

  @Child("") private var network: SoundEncoder
  private let preparation: WaveformPreparation
  var layers: [Module] { network.trainedLayers }

  init(_ network: SoundEncoder, _ preparation: WaveformPreparation) {
    self.preparation = preparation
    super.init()
    self.network = network
  }

  func states(of input: Modality) throws(Fault) -> Modality {
    let (found, least) = (input.sampleRate ?? 0, network.features.least)
    guard found == preparation.rate, input.steps >= least else {
      throw unreadable(
        input, "\(input.steps) samples at \(found) a second", "at least \(least) at \(preparation.rate) a second")
    }
    return .sequence(input.name, features: network.width, length: network.features.steps(of: input.steps))
  }

  /// Encodes samples `[B, L]`. States of missing sounds, and of those that are too short for one, are zero.
  ///
  /// Sounds of one length share a computation. So there is no padding, over which the norms of some encoders would reach.
  func encode(_ inputs: Inputs, _ modality: Int) -> (states: Tensor, lengths: Tensor?) {
    let samples = inputs.modalities[modality]
    let (count, most, device) = (samples.size(0), samples.size(1), samples.device)
    let lengths = inputs.lengths[modality]?.integers ?? Array(repeating: most, count: count)
    let features = network.features
    let longest = max(1, features.steps(of: most))
    let heard = inputs.presentRows(modality).filter { lengths[$0] >= features.least }
    var parts: [Tensor] = []
    var order: [Int] = []
    for (length, rows) in Dictionary(grouping: heard, by: { lengths[$0] }).sorted(by: { $0.key > $1.key }) {
      let piece = max(1, Self.mostSamples / length)
      for start in stride(from: 0, to: rows.count, by: piece) {
        let chosen = Array(rows[start..<min(start + piece, rows.count)])
        let sound = samples.slice(1, 0, length).rows(Tensor(chosen).to(device)).to(.float32) / 32_768
        let states = trusted { () throws(Fault) in
          try network.encode(waveform: preparation(sound), mask: nil, layer: -1).hidden()
        }
        parts.append(states.padded([0, 0, 0, longest - states.size(1)]))
        order += chosen
      }
    }
    let states =
      parts.isEmpty
      ? Tensor.zeros([count, longest, network.width], device: device)
      : Tensor.concatenated(parts).spread(over: count, rows: order)
    let counts = lengths.map(features.steps)
    return (states, counts.allSatisfy { $0 == longest } ? nil : Tensor(counts).to(device))
  }
}
