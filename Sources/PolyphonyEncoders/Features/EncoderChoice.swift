import Foundation
import Polyphony
import PolyphonyConversion

/// The encoders of raw modalities that a command was given, or that a model names.
public enum EncoderChoice {
  /// Makes the extractors of `--encoder NAME=FOLDER`, `--layer NAME=NUMBER`, `--pooling NAME=WAY` and
  /// `--inside NAME=FOLDER`.
  /// - Parameter cache: a folder that keeps features. By default none are kept.
  /// - Throws: `Fault(.usage)` for an option of another form, and the faults of the folders.
  public static func extractors(
    _ encoders: [String], layers: [String] = [], poolings: [String] = [], inside: [String] = [],
    cache: String? = nil
  ) throws(Fault) -> [String: any FeatureExtractor] {
    let folders = try assignments(encoders, "--encoder", "FOLDER")
    let layers = try assignments(layers, "--layer", "NUMBER", among: folders)
    let poolings = try assignments(poolings, "--pooling", "WAY", among: folders)
    var extractors: [String: any FeatureExtractor] = [:]
    for (name, folder) in folders {
      let layer = try layers[name].map { (text) throws(Fault) in
        guard let layer = Int(text) else {
          throw Fault(
            .usage, "a layer is no number", key: "--layer", found: "\(name)=\(text)",
            expected: "a whole number; -1 is the last layer")
        }
        return layer
      }
      let pooling = try poolings[name].map { (text) throws(Fault) in
        guard let pooling = Pooling(rawValue: text) else {
          throw Fault(
            .usage, "this way of pooling is unknown", key: "--pooling", found: "\(name)=\(text)",
            expected: Pooling.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return pooling
      }
      if let spectrum = MelSpectrum(rawValue: folder) {
        guard layer == nil else {
          throw Fault(
            .usage, "this front end has no layers", key: "--layer", found: "\(name)=\(folder)",
            expected: "an encoder's folder")
        }
        extractors[name] = SoundFeatures(spectrum, pooling: pooling, cache: cache)
        continue
      }
      extractors[name] = try TextFeatures(
        Self.folder(folder), layer: layer ?? -1, pooling: pooling, cache: cache)
    }
    for (name, folder) in try assignments(inside, "--inside", "FOLDER") {
      guard extractors[name] == nil else {
        throw Fault(
          .usage, "an encoder is before the model and inside it", key: "--inside", found: name,
          expected: "either --encoder or --inside")
      }
      extractors[name] = try TextTokens(Self.folder(folder))
    }
    return extractors
  }

  /// Makes the extractors of a model's raw modalities.
  ///
  /// An encoder is looked for in the folder of the option, or else where it was in training.
  /// - Parameters:
  ///   - configuration: the model's configuration.
  ///   - names: the modalities that are wanted. By default all are.
  ///   - encoders: the options `NAME=FOLDER`.
  /// - Throws: `Fault(.usage)` for an option without such a modality, `Fault(.missingInput)` for a folder that is not
  ///   there, `Fault(.badData)` for another encoder than that of the training.
  public static func extractors(
    for configuration: ModelConfiguration, only names: Set<String>? = nil, encoders: [String] = []
  ) throws(Fault) -> [String: any FeatureExtractor] {
    let raw = configuration.modalities.filter { $0.encoder != nil }
    let folders = try assignments(encoders, "--encoder", "FOLDER")
    if let other = folders.keys.sorted().first(where: { name in !raw.contains { $0.name == name } }) {
      throw Fault(
        .usage, "the model has no encoder for this modality", key: "--encoder", found: other,
        expected: raw.isEmpty ? "a model of raw inputs" : raw.map(\.name).joined(separator: ", "))
    }
    var extractors: [String: any FeatureExtractor] = [:]
    for modality in raw where names?.contains(modality.name) ?? true {
      guard let record = modality.encoder else { continue }
      if let spectrum = MelSpectrum(rawValue: record.family) {
        let found = SoundFeatures(spectrum, pooling: Pooling(rawValue: record.pooling))
        try check(found.record, record, modality.name, folder: nil)
        extractors[modality.name] = found
        continue
      }
      let folder = folders[modality.name] ?? record.folder ?? ""
      guard FileManager.default.fileExists(atPath: folder) else {
        throw Fault(
          .missingInput, "the encoder of a modality is not there", file: folder.isEmpty ? nil : folder,
          key: modality.name, expected: "the encoder \(record.summary)",
          remedy: "say where it is: --encoder \(modality.name)=FOLDER")
      }
      let found: any FeatureExtractor =
        record.vocabulary == nil
        ? try TextFeatures(EncoderFolder(folder), layer: record.layer, pooling: Pooling(rawValue: record.pooling))
        : try TextTokens(EncoderFolder(folder))
      try check(found.record, record, modality.name, folder: folder)
      extractors[modality.name] = found
    }
    return extractors
  }

  private static func check(
    _ found: EncoderRecord, _ expected: EncoderRecord, _ name: String, folder: String?
  ) throws(Fault) {
    guard !found.computesLike(expected) else { return }
    throw Fault(
      .badData, "this is another encoder than that of the training", file: folder, key: name, found: found.summary,
      expected: expected.summary, remedy: "name the folder of that encoder: --encoder \(name)=FOLDER")
  }

  /// Reads a folder. A name of the list that is no folder has to be fetched first.
  private static func folder(_ path: String) throws(Fault) -> EncoderFolder {
    if !FileManager.default.fileExists(atPath: path), PublishedEncoder.all.contains(where: { $0.name == path }) {
      throw Fault(
        .missingInput, "this encoder is not fetched yet", key: "--encoder", found: path, expected: "a folder",
        remedy: "polyphony encoders fetch \(path) --output \(path)")
    }
    return try EncoderFolder(path)
  }

  /// Splits options of the form `NAME=VALUE`.
  private static func assignments(
    _ options: [String], _ key: String, _ value: String, among names: [String: String]? = nil
  ) throws(Fault) -> [String: String] {
    var result: [String: String] = [:]
    for option in options {
      let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw Fault(
          .usage, "this names no modality or no value", key: key, found: option, expected: "NAME=\(value)")
      }
      if let names, names[parts[0]] == nil {
        throw Fault(
          .usage, "an option is for a modality without an encoder", key: key, found: parts[0],
          expected: names.isEmpty ? "a modality with --encoder" : names.keys.sorted().joined(separator: ", "))
      }
      guard result.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw Fault(.usage, "a modality is named twice", key: key, found: parts[0], expected: "one value")
      }
    }
    return result
  }
}
