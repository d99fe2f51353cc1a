import Foundation
import Polyphony

/// A request with one sample of random numbers that a model can read.
///
/// Features have the mean and the deviation of the training split where the model standardises them, and else 0 and 1.
enum ExampleRequest {
  /// The document of the request.
  static func document(_ modalities: [Modality], _ model: ModelConfiguration) throws(HTTPError) -> OrderedJSON {
    var inputs: [OrderedJSON] = []
    for modality in modalities {
      let shape = modality.sampleShape
      let numbers = values(modality, count: shape.reduce(1, *), model.normalization?[modality.name])
      inputs.append([
        "name": .string(modality.name), "datatype": .string(try ElementType(modality).datatype.rawValue),
        "shape": .array(([1] + shape).map { .integer($0) }), "data": .array(numbers),
      ])
    }
    return ["inputs": .array(inputs)]
  }

  private static func values(
    _ modality: Modality, count: Int, _ statistics: FeatureStatistics?
  ) -> [OrderedJSON] {
    let range: Range<Int>? =
      switch modality.kind {
      case .tokens: 0..<max(1, modality.encoder?.vocabulary ?? 1)
      case .pixels: 0..<256
      case .waveform: -1000..<1000
      case .sequence, .vector, .image, .volume: nil
      }
    if let range { return (0..<count).map { _ in .integer(.random(in: range)) } }
    let features = max(1, modality.statisticsCount)
    // The features of a step stand side by side, and the channels of an image one after another.
    let width = modality.kind.axes > 0 ? max(1, count / features) : 1
    return (0..<count).map { place in
      let feature = place / width % features
      let mean = statistics.flatMap { $0.mean.indices.contains(feature) ? Double($0.mean[feature]) : nil } ?? 0
      let deviation =
        statistics.flatMap { $0.deviation.indices.contains(feature) ? Double($0.deviation[feature]) : nil } ?? 1
      return .number(rounded(mean + deviation * normal(), to: deviation))
    }
  }

  /// A number of the standard normal distribution (Box and Muller, 1958).
  private static func normal() -> Double {
    let radius = (-2 * log(Double.random(in: Double.leastNonzeroMagnitude...1))).squareRoot()
    return radius * cos(2 * Double.pi * Double.random(in: 0..<1))
  }

  /// Leaves out the digits that say nothing beside a deviation.
  private static func rounded(_ number: Double, to deviation: Double) -> Double {
    let digits = min(12, max(-3, 2 - log10(deviation).rounded(.down)))
    let scale = pow(10, digits)
    return (number * scale).rounded() / scale
  }
}
