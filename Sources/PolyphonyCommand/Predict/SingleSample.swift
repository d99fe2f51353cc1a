import Foundation
import Polyphony
import PolyphonyConversion
import PolyphonyEncoders
import Torch

/// One sample from the options `--input NAME=VALUE` of `polyphony predict`.
///
/// A vector is a list of numbers or a file. A sequence or an image is a file. A modality without an option is missing.
enum SingleSample {
  private static let endings = ["npy", "safetensors", "csv", "tsv"]
  private static let files = "a file that ends in .npy, .safetensors, .csv or .tsv"

  /// Reads the sample.
  /// - Throws: `Fault(.usage)` for an unknown or repeated name, for another count of numbers, and for a modality that
  ///   the model needs. `Fault(.missingInput)` or `Fault(.badData)` for a file that is absent or does not fit.
  static func read(
    _ assignments: [String], for model: MultimodalModel, encoders: [String] = [], detectors: [String] = []
  ) throws(Fault) -> UnlabelledSplit {
    let modalities = model.configuration.inputModalities
    var given = try parse(assignments, modalities.map(\.name))
    let (encoded, reasons) = try encoded(&given, model.configuration, encoders, detectors)
    let absent = modalities.filter { given[$0.name] == nil }
    try check(reasons, given, model)
    for (name, reason) in reasons.sorted(by: { $0.key < $1.key }) {
      Terminal.note("the input of \(name) has no content. \(reason)")
    }
    try model.checkCanMiss(absent, .usage, key: "--input")
    var tensors: [Tensor] = []
    var lengths: [Tensor?] = []
    for modality in modalities {
      guard let text = given[modality.name] else { continue }
      let array = if let features = encoded[modality.name] { features } else { try array(text, modality) }
      let (sample, length) = try fitted(array, modality, text)
      guard sample.isFinite else {
        throw Fault(
          .badData, "a value is not a finite number", key: "--input \(modality.name)", found: String(text.prefix(60)),
          expected: "finite numbers", remedy: "fill the gap, for example with 0")
      }
      tensors.append(try modality.rawInputs(sample, file: text).unsqueezed(0))
      lengths.append(length.map { Tensor([$0]) })
    }
    return UnlabelledSplit(name: "input", inputs: Inputs(tensors, lengths: lengths))
      .completed(from: modalities.filter { given[$0.name] != nil }, to: modalities)
  }

  /// Refuses inputs without content if no other input is there, or if the model needs them.
  private static func check(
    _ reasons: [String: String], _ given: [String: String], _ model: MultimodalModel
  ) throws(Fault) {
    for modality in model.configuration.modalities {
      guard let reason = reasons[modality.name], given.isEmpty || !model.canMiss(modality) else { continue }
      throw Fault(
        .badData,
        given.isEmpty ? "no input has content" : "an input has no content, and the model cannot do without it",
        key: "--input \(modality.name)", found: reason, expected: "an input that can be read")
    }
  }

  /// Computes the features of raw inputs. An input without content is taken away, and so it is missing.
  /// - Returns: The features, and the reasons why inputs have no content, both by the names of modalities.
  private static func encoded(
    _ given: inout [String: String], _ configuration: ModelConfiguration, _ encoders: [String], _ detectors: [String]
  ) throws(Fault) -> (features: [String: Tensor], reasons: [String: String]) {
    let raw = given.filter { !endings.contains(($0.value as NSString).pathExtension.lowercased()) }
    let samples = try RawSamples(for: configuration, only: Set(raw.keys), encoders: encoders, detectors: detectors)
    var encoded: [String: Tensor] = [:]
    var reasons: [String: String] = [:]
    for name in samples.names {
      switch try samples.read(name, [raw[name] ?? ""])[0] {
      case .features(let features): encoded[name] = features
      case .nothing(let reason):
        given[name] = nil
        reasons[name] = reason ?? "nothing that the encoder reads"
      }
    }
    return (encoded, reasons)
  }

  /// Splits the options into names and values.
  private static func parse(_ assignments: [String], _ names: [String]) throws(Fault) -> [String: String] {
    var given: [String: String] = [:]
    for assignment in assignments {
      let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw Fault(
          .usage, "an input has no name or no value", key: "--input", found: assignment,
          expected: "NAME=VALUE, such as \(names[0])=0.1,0.2 or \(names[0])=clip.csv")
      }
      guard names.contains(parts[0]) else {
        throw Fault(
          .usage, "the model has no such modality", key: "--input", found: parts[0],
          expected: names.joined(separator: ", "), remedy: Suggestion.question(for: parts[0], among: names))
      }
      guard given.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw Fault(.usage, "a modality is given twice", key: "--input", found: parts[0], expected: "one value")
      }
    }
    return given
  }

  /// Reads a value as an array of any shape.
  private static func array(_ text: String, _ modality: Modality) throws(Fault) -> Tensor {
    let ending = (text as NSString).pathExtension.lowercased()
    if ending == "safetensors" { return try tensor(text, modality) }
    if endings.contains(ending) {
      let array = try SampleArray(text, ending: ending)
      return Tensor(array.values, shape: array.shape)
    }
    guard modality.kind == .vector else {
      throw Fault(
        .usage, "the input is no file of a known kind", key: "--input \(modality.name)", found: text,
        expected: modality.kind == .sequence ? "\(files), with a row per step" : files)
    }
    let expected = "\(modality.features ?? 0) numbers separated by commas, or \(files)"
    var numbers: [Float] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = Float(part.filter { !$0.isWhitespace }), number.isFinite else {
        throw Fault(
          .usage, "a value is not a finite number", key: "--input \(modality.name)", found: "«\(part.prefix(40))»",
          expected: expected)
      }
      numbers.append(number)
    }
    guard numbers.count == modality.features else {
      throw Fault(
        .usage, "an input has another count of numbers than the modality", key: "--input \(modality.name)",
        found: numbers.count == 1 ? "1 number" : "\(numbers.count) numbers", expected: expected)
    }
    return Tensor(numbers)
  }

  /// Reads the tensor with the modality's name, or the only one.
  private static func tensor(_ path: String, _ modality: Modality) throws(Fault) -> Tensor {
    let file = try SafetensorsFile(path: path)
    let only = file.entries.count == 1 ? file.entries[0].name : nil
    guard let name = file[modality.name] != nil ? modality.name : only else {
      throw Fault(
        .badData, "the file lacks the modality", file: path, key: modality.name,
        found: file.entries.map(\.name).joined(separator: ", "), expected: "a tensor \(modality.name)")
    }
    return try file.tensor(name).to(.float32)
  }

  /// Brings an array into the form of one sample. A short sequence is padded, and its length is returned.
  private static func fitted(
    _ array: Tensor, _ modality: Modality, _ text: String
  ) throws(Fault) -> (sample: Tensor, length: Int?) {
    let wanted = modality.sampleShape
    var shape = array.shape
    // A batch of one sample is a sample.
    if shape.count == wanted.count + 1, shape.first == 1 { shape.removeFirst() }
    if modality.kind == .sequence, modality.features == 1, shape.count == 1 { shape.append(1) }
    if modality.kind.raw != nil, modality.hasSteps, shape.count == 2, shape[1] == 1 { shape.removeLast() }
    if modality.hasSteps, !shape.isEmpty, shape.dropFirst() == wanted.dropFirst(), (1...wanted[0]).contains(shape[0]) {
      let steps = array.reshaped(to: shape)
      guard shape[0] < wanted[0] else { return (steps, nil) }
      return (.concatenated([steps, .zeros([wanted[0] - shape[0]] + wanted.dropFirst())]), shape[0])
    }
    guard shape == wanted else {
      throw Fault(
        .badData, "the input has another form than the modality", file: text, key: "--input \(modality.name)",
        found: "\(array.shape)",
        expected: modality.kind == .sequence
          ? "1 to \(wanted[0]) rows of \(wanted[1]) numbers"
          : modality.hasSteps
            ? "1 to \(wanted[0]) \(modality.kind.raw?.noun ?? "")" : "\(wanted), \(modality.kind.rawValue)")
    }
    return (array.reshaped(to: shape), nil)
  }
}
