import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The raw inputs of samples as what a model reads, by the encoders of its training.
///
/// `polyphony predict --input` and the service take this one way.
package struct RawSamples: Sendable {
  /// The outcome for one input.
  package enum Outcome {
    /// Features `[width]` or `[steps, width]`, or raw inputs for an encoder inside the model. There are at most as many
    /// steps as the model reads.
    case features(Tensor)
    /// The input has no content, with the reason if there is one.
    case nothing(reason: String?)
  }

  private let extractors: [String: any FeatureExtractor]
  private let modalities: [Modality]

  /// Finds the encoders of a model.
  /// - Parameters:
  ///   - configuration: the model's configuration.
  ///   - names: the modalities that are wanted. By default all are.
  ///   - encoders: the options `--encoder NAME=FOLDER`.
  ///   - detectors: the options `--detect NAME=FOLDER`.
  ///   - keepsWeights: true if weights stay in memory from one call to the next.
  /// - Throws: The errors of ``EncoderChoice/extractors(for:only:encoders:detectors:)``.
  package init(
    for configuration: ModelConfiguration, only names: Set<String>? = nil, encoders: [String] = [],
    detectors: [String] = [], keepsWeights: Bool = false
  ) throws(Fault) {
    let found = try EncoderChoice.extractors(
      for: configuration, only: names, encoders: encoders, detectors: detectors)
    extractors = keepsWeights ? found.mapValues { $0.keepingWeights() } : found
    modalities = configuration.inputModalities
  }

  /// The names of the modalities whose raw inputs can be read.
  package var names: [String] { modalities.map(\.name).filter { extractors[$0] != nil } }

  /// The content of a modality's raw inputs. It is nil for a modality without an encoder.
  package func content(of name: String) -> RawContent? { extractors[name]?.content }

  /// Computes the features of inputs.
  /// - Parameters:
  ///   - name: the modality, one of ``names``.
  ///   - inputs: texts, or the paths of files.
  ///   - folder: the folder that relative paths start from.
  /// - Throws: `Fault` if the encoder cannot be read or does not know an input.
  package func read(_ name: String, _ inputs: [String], folder: String = ".") throws(Fault) -> [Outcome] {
    guard let extractor = extractors[name], let modality = modalities.first(where: { $0.name == name }) else {
      return inputs.map { _ in .nothing(reason: nil) }
    }
    let found = try extractor.features(of: inputs, folder: folder) { _, _ in }
    var outcomes: [Outcome] = []
    for (place, input) in inputs.enumerated() {
      guard found.steps[place] > 0 else {
        outcomes.append(.nothing(reason: found.notes.first { $0.hasPrefix(input) } ?? found.notes.first))
        continue
      }
      var numbers = try found.read(place)
      let steps = found.isSequence ? min(found.steps[place], modality.steps) : 1
      numbers.removeLast(numbers.count - steps * found.width)
      let raw = extractor.rawModality(name, length: steps)
      let shape = raw?.sampleShape ?? (found.isSequence ? [steps, found.width] : [found.width])
      outcomes.append(.features(Tensor(numbers, shape: shape)))
    }
    return outcomes
  }
}
