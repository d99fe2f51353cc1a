import Polyphony
import PolyphonySupport

/// The folders of encoders and detectors that are not where they were in training.
package struct EncoderFolders: Sendable {
  /// The options `--encoder NAME=FOLDER`.
  package var encoders: [String] = []
  /// The options `--detect NAME=FOLDER`.
  package var detectors: [String] = []

  /// No folder.
  package init() {}

  /// The modality of an option.
  static func name(of option: String) -> String { String(option.prefix { $0 != "=" }) }

  /// The modalities of all options.
  var names: Set<String> { Set((encoders + detectors).map(Self.name)) }

  /// The modalities of a model that have an encoder.
  static func names(of configuration: ModelConfiguration) -> [String] {
    configuration.inputModalities.filter { $0.encoder != nil }.map(\.name)
  }

  /// Refuses an option for a modality that has an encoder in no model.
  /// - Throws: `Fault(.usage)`.
  func check(_ models: [ModelConfiguration]) throws(Fault) {
    let known = models.flatMap(Self.names)
    for (key, options) in [("--encoder", encoders), ("--detect", detectors)] {
      guard let option = options.first(where: { !known.contains(Self.name(of: $0)) }) else { continue }
      throw Fault(
        .usage, "no model has an encoder for this modality", key: key, found: option,
        expected: known.isEmpty ? "a model of raw inputs" : known.map { "\($0)=FOLDER" }.joined(separator: ", "))
    }
  }
}
