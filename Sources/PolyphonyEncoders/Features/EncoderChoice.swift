import Foundation
import Polyphony
import PolyphonyConversion

/// The encoders of raw modalities that a command was given, or that a model names.
public enum EncoderChoice {
  /// Makes the extractors of `--encoder NAME=FOLDER`, `--layer NAME=NUMBER`, `--pooling NAME=WAY`,
  /// `--rate NAME=NUMBER`, `--detect NAME=FOLDER` and `--inside NAME=FOLDER`.
  /// - Parameters:
  ///   - contents: what the columns of raw modalities hold, by the names of the modalities.
  ///   - cache: a folder that keeps features. By default none are kept.
  /// - Throws: `Fault(.usage)` for an option of another form, and the faults of the folders.
  public static func extractors(
    _ encoders: [String], contents: [String: RawContent] = [:], layers: [String] = [], poolings: [String] = [],
    rates: [String] = [], detectors: [String] = [], inside: [String] = [], cache: String? = nil
  ) throws(Fault) -> [String: any FeatureExtractor] {
    let folders = try assignments(encoders, "--encoder", "FOLDER")
    let layers = try assignments(layers, "--layer", "NUMBER", among: folders)
    let poolings = try assignments(poolings, "--pooling", "WAY", among: folders)
    let rates = try assignments(rates, "--rate", "NUMBER", among: folders)
    let inside = try assignments(inside, "--inside", "FOLDER")
    let detectors = try assignments(detectors, "--detect", "FOLDER", among: folders.merging(inside) { $1 })
    let ways = Pooling.allCases.map(\.rawValue).joined(separator: ", ")
    var extractors: [String: any FeatureExtractor] = [:]
    for (name, folder) in folders {
      try checkFetched(folder, "--encoder")
      if let detector = detectors[name] { try checkFetched(detector, "--detect") }
      let use = EncoderUse(
        encoder: folder, content: contents[name],
        layer: try value(layers[name], name, "--layer", "a whole number; -1 is the last layer") { Int($0) },
        pooling: try value(poolings[name], name, "--pooling", ways) { Pooling(rawValue: $0) },
        rate: try value(rates[name], name, "--rate", "the frames in a second, from 0.01 to 100") { text in
          Double(text).flatMap { (0.01...100).contains($0) ? $0 : nil }
        }, detector: detectors[name], cache: cache)
      extractors[name] = try use.extractor()
    }
    for (name, folder) in inside {
      guard extractors[name] == nil else {
        throw Fault(
          .usage, "an encoder is before the model and inside it", key: "--inside", found: name,
          expected: "either --encoder or --inside")
      }
      try checkFetched(folder, "--inside")
      if let detector = detectors[name] { try checkFetched(detector, "--detect") }
      let use = EncoderUse(
        encoder: folder, content: contents[name], detector: detectors[name], cache: cache, isInside: true)
      extractors[name] = try use.extractor()
    }
    return extractors
  }

  /// Reads the value of an option, if there is one.
  private static func value<Value>(
    _ text: String?, _ name: String, _ key: String, _ expected: String, _ read: (String) -> Value?
  ) throws(Fault) -> Value? {
    guard let text else { return nil }
    guard let value = read(text) else {
      throw Fault(.usage, "the value of an option is unknown", key: key, found: "\(name)=\(text)", expected: expected)
    }
    return value
  }

  /// Makes the extractors of a model's raw modalities.
  ///
  /// Encoders and detectors are looked for in the folders of the options, or else where they were in training.
  /// - Parameters:
  ///   - configuration: the model's configuration.
  ///   - names: the modalities that are wanted. By default all are.
  ///   - encoders: the options `--encoder NAME=FOLDER`.
  ///   - detectors: the options `--detect NAME=FOLDER`.
  /// - Throws: `Fault(.usage)` for an option without such a modality, `Fault(.missingInput)` for a folder that is not
  ///   there, `Fault(.badData)` for another encoder or detector than that of the training.
  public static func extractors(
    for configuration: ModelConfiguration, only names: Set<String>? = nil, encoders: [String] = [],
    detectors: [String] = []
  ) throws(Fault) -> [String: any FeatureExtractor] {
    let raw = configuration.inputModalities.filter { $0.encoder != nil }
    let folders = try assignments(encoders, "--encoder", "FOLDER")
    try check(folders, among: raw, "encoder", "--encoder", otherwise: "a model of raw inputs")
    let finders = try assignments(detectors, "--detect", "FOLDER")
    try check(
      finders, among: raw.filter { $0.encoder?.detector != nil }, "detector", "--detect",
      otherwise: "no --detect, because the training had none")
    var extractors: [String: any FeatureExtractor] = [:]
    for modality in raw where names?.contains(modality.name) ?? true {
      guard let record = modality.encoder else { continue }
      let use = EncoderUse(
        record, isInside: modality.kind.raw != nil, folder: folders[modality.name], detector: finders[modality.name])
      if use.needsFolder { try checkThere(use.encoder, modality.name, "encoder", record.summary, "--encoder") }
      if let detector = use.detector, let summary = record.detector?.summary {
        try checkThere(detector, modality.name, "detector", summary, "--detect")
      }
      let found = try use.extractor()
      try check(found.record, record, modality.name, use)
      extractors[modality.name] = found
    }
    return extractors
  }

  /// Refuses a folder for a modality that needs none.
  private static func check(
    _ folders: [String: String], among modalities: [Modality], _ noun: String, _ key: String, otherwise: String
  ) throws(Fault) {
    guard let other = folders.keys.sorted().first(where: { name in !modalities.contains { $0.name == name } }) else {
      return
    }
    throw Fault(
      .usage, "the model has no \(noun) for this modality", key: key, found: other,
      expected: modalities.isEmpty ? otherwise : modalities.map(\.name).joined(separator: ", "))
  }

  private static func checkThere(
    _ folder: String, _ name: String, _ noun: String, _ summary: String, _ key: String
  ) throws(Fault) {
    guard !FileManager.default.fileExists(atPath: folder) else { return }
    throw Fault(
      .missingInput, "the \(noun) of a modality is not there", file: folder.isEmpty ? nil : folder, key: name,
      expected: "the \(noun) \(summary)", remedy: "say where it is: \(key) \(name)=FOLDER")
  }

  private static func check(
    _ found: EncoderRecord, _ expected: EncoderRecord, _ name: String, _ use: EncoderUse
  ) throws(Fault) {
    guard !found.computesLike(expected) else { return }
    let isDetector = found.detector?.sha256 != expected.detector?.sha256
    let noun = isDetector ? "detector" : "encoder"
    throw Fault(
      .badData, "this is another \(noun) than that of the training",
      file: isDetector ? use.detector : use.needsFolder ? use.encoder : nil, key: name, found: found.summary,
      expected: expected.summary,
      remedy: "name the folder of that \(noun): \(isDetector ? "--detect" : "--encoder") \(name)=FOLDER")
  }

  /// A name of the list that is no folder has to be fetched first.
  private static func checkFetched(_ path: String, _ key: String) throws(Fault) {
    guard !FileManager.default.fileExists(atPath: path), PublishedEncoder.all.contains(where: { $0.name == path })
    else {
      return
    }
    throw Fault(
      .missingInput, "this has to be fetched first", key: key, found: path, expected: "a folder",
      remedy: "polyphony encoders fetch \(path) --output \(path)")
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
