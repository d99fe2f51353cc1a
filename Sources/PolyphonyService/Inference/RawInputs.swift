import Foundation
import Polyphony
import PolyphonyEncoders
import PolyphonySupport
import Torch

/// The raw inputs of requests to a model: texts, sounds, pictures and clips, which its encoders make features of.
///
/// A modality of raw inputs is a tensor of the type BYTES with an element for each sample. One thread at a time may use it,
/// and the weights of the encoders stay in memory after the first raw input.
final class RawInputs: Sendable {
  /// The most seconds for the raw inputs of a request, between two of them.
  private static let longest = 60.0
  /// The most bytes of a text. A tokenizer takes many times as much memory, and an encoder reads the beginning alone.
  private static let longestText = 1 << 20

  /// The encoders by the names of their modalities.
  private let samples: [String: RawSamples]
  private let modalities: [Modality]
  private let mostSamples: Int
  private let warn: @Sendable (String) -> Void

  /// Finds the encoders of a model. It is nil for a model without any.
  ///
  /// An encoder that is not there takes the raw inputs of its modality away, and the operator learns of it.
  /// - Parameter encoders: the folders of encoders and detectors that have moved.
  /// - Throws: The errors of ``PolyphonyEncoders/RawSamples``, for a modality whose folder is given.
  init?(
    _ model: String, _ configuration: ModelConfiguration, _ encoders: EncoderFolders, mostSamples: Int,
    warn: @escaping @Sendable (String) -> Void
  ) throws(Fault) {
    modalities = configuration.inputModalities
    (self.mostSamples, self.warn) = (mostSamples, warn)
    var samples: [String: RawSamples] = [:]
    for name in EncoderFolders.names(of: configuration) {
      do throws(Fault) {
        samples[name] = try RawSamples(
          for: configuration, only: [name], encoders: encoders.encoders.filter { EncoderFolders.name(of: $0) == name },
          detectors: encoders.detectors.filter { EncoderFolders.name(of: $0) == name }, keepsWeights: true)
      } catch {
        if encoders.names.contains(name) { throw error }
        let reasons = [error.problem, error.file, error.remedy].compactMap(\.self).joined(separator: ", ")
        warn("note: \(model) takes features of \(name) alone: \(reasons)")
      }
    }
    if samples.isEmpty { return nil }
    self.samples = samples
  }

  /// The content of a modality's raw inputs: text, image, audio or video. It is nil for a modality without an encoder.
  func content(of name: String) -> String? { samples[name]?.content(of: name)?.rawValue }

  /// True for a tensor of raw inputs.
  func reads(_ input: InputTensor) -> Bool { input.datatype == .bytes && samples[input.name] != nil }

  /// Puts features in the place of raw inputs. An empty text or file is missing in its sample.
  /// - Throws: `HTTPError(400)` that names the input, for bytes that its encoder cannot read.
  func encoded(_ inputs: [InputTensor]) throws(HTTPError) -> [InputTensor] {
    let end = DispatchTime.now().uptimeNanoseconds + UInt64(Self.longest * 1e9)
    var (result, absent): ([InputTensor], [String: [Int]]) = ([], [:])
    for input in inputs {
      guard reads(input), let modality = modalities.first(where: { $0.name == input.name }) else {
        result.append(input)
        continue
      }
      if let other = inputs.first(where: { $0.name == "\(input.name).length" }) {
        throw SampleReader.refuse(other, "raw inputs have no length")
      }
      let outcomes = try outcomes(of: input, until: end)
      let without = outcomes.indices.filter { if case .nothing = outcomes[$0] { true } else { false } }
      absent[input.name] = without
      // A modality that no sample has is left out.
      if without.count < outcomes.count { result += tensors(input.name, outcomes, modality) }
    }
    return try withPresence(result, absent, inputs)
  }

  private func outcomes(of input: InputTensor, until end: UInt64) throws(HTTPError) -> [RawSamples.Outcome] {
    guard case .texts(let values) = input.elements, let count = input.shape.first, values.count == count else {
      throw SampleReader.refuse(input, "the shape is \(input.shape); expected: an element for each sample")
    }
    guard count <= mostSamples else {
      throw SampleReader.refuse(input, "\(count) samples in one request; the most are \(mostSamples)")
    }
    if content(of: input.name) == "text" { return try texts(input, values) }
    var outcomes: [RawSamples.Outcome] = []
    for (row, bytes) in values.enumerated() {
      guard DispatchTime.now().uptimeNanoseconds < end else {
        throw SampleReader.refuse(input, "the raw inputs take more than \(Int(Self.longest)) seconds")
      }
      outcomes.append(bytes.isEmpty ? .nothing(reason: nil) : try media(input, row, bytes))
    }
    return outcomes
  }

  private func texts(_ input: InputTensor, _ values: [[UInt8]]) throws(HTTPError) -> [RawSamples.Outcome] {
    var texts: [String] = []
    for (row, bytes) in values.enumerated() {
      guard bytes.count <= Self.longestText else {
        throw SampleReader.refuse(input, "sample \(row) has \(bytes.count) bytes; the most are \(Self.longestText)")
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw SampleReader.refuse(input, "sample \(row) is no text in UTF-8")
      }
      texts.append(text)
    }
    return try read(input, texts)
  }

  /// Reads a file that a client sent, from a place that the service chooses.
  private func media(_ input: InputTensor, _ row: Int, _ bytes: [UInt8]) throws(HTTPError) -> RawSamples.Outcome {
    let path = NSTemporaryDirectory() + "polyphony-\(UUID().uuidString)"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    defer { unlink(path) }
    let isThere = descriptor >= 0 && Self.write(bytes, descriptor)
    if descriptor >= 0 { close(descriptor) }
    guard isThere else {
      throw HTTPError(503, "the service has no room for raw inputs", fields: [("Retry-After", "1")])
    }
    let outcome = try read(input, [path])[0]
    guard case .nothing(let reason) = outcome else { return outcome }
    let words = (reason ?? "nothing that the encoder reads").replacing("\(path) counts as missing: ", with: "")
    // ffmpeg names the file too.
    throw SampleReader.refuse(
      input, "sample \(row): \(words.replacing("file:\(path)", with: "the file").replacing(path, with: "the file"))")
  }

  private static func write(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }

  private func read(_ input: InputTensor, _ values: [String]) throws(HTTPError) -> [RawSamples.Outcome] {
    do throws(Fault) {
      return try samples[input.name]?.read(input.name, values) ?? values.map { _ in .nothing(reason: nil) }
    } catch {
      // Such as a form of sound that needs a program which is not there.
      if error.kind == .failure { throw SampleReader.refuse(input, error.problem) }
      let reasons = [error.problem, error.file].compactMap(\.self).joined(separator: ", ")
      warn("warning: raw inputs of \(input.name) cannot be encoded: \(reasons)")
      throw HTTPError(500, "inputs: \(input.name): the encoder cannot be used")
    }
  }

  /// The features of all samples as tensors, padded to the steps of the model.
  private func tensors(_ name: String, _ outcomes: [RawSamples.Outcome], _ modality: Modality) -> [InputTensor] {
    let size = modality.sampleShape.reduce(1, *)
    var (numbers, lengths): ([Float], [Double]) = ([], [])
    numbers.reserveCapacity(size * outcomes.count)
    for outcome in outcomes {
      var (own, steps): ([Float], Int) = ([], modality.steps)
      if case .features(let tensor) = outcome {
        (own, steps) = (tensor.to(.float32).floats, modality.hasSteps ? tensor.shape[0] : steps)
      }
      numbers += own
      numbers += repeatElement(0, count: max(0, size - own.count))
      lengths.append(Double(steps))
    }
    let bytes = numbers.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Array($0) }
    let values = InputTensor(
      name: name, datatype: .fp32, shape: [outcomes.count] + modality.sampleShape, elements: .bytes(bytes[...]))
    guard modality.hasSteps else { return [values] }
    return [
      values,
      InputTensor(name: "\(name).length", datatype: .int64, shape: [outcomes.count], elements: .numbers(lengths)),
    ]
  }

  /// Marks inputs without content as missing, beside what the request says of its samples.
  private func withPresence(
    _ inputs: [InputTensor], _ absent: [String: [Int]], _ given: [InputTensor]
  ) throws(HTTPError) -> [InputTensor] {
    guard absent.values.contains(where: { !$0.isEmpty }) else { return inputs }
    let names = modalities.map(\.name)
    guard let count = given.first(where: { names.contains($0.name) })?.shape.first else { return inputs }
    var inputs = inputs
    var cells = Array(repeating: 1.0, count: count * names.count)
    if let place = inputs.firstIndex(where: { $0.name == SampleReader.presence }) {
      // The reader refuses another shape, before it takes memory for the numbers.
      guard inputs[place].shape == [count, names.count] else { return inputs }
      cells = try SampleReader.numbers(inputs.remove(at: place))
    }
    for (index, name) in names.enumerated() {
      for row in absent[name] ?? [] where row < count { cells[row * names.count + index] = 0 }
    }
    // A request all of whose raw inputs are empty has no modality, and the reader says so.
    guard inputs.contains(where: { names.contains($0.name) }) else {
      throw HTTPError(400, "inputs: no input has content: \(absent.keys.sorted().joined(separator: ", "))")
    }
    return inputs + [
      InputTensor(name: SampleReader.presence, datatype: .bool, shape: [count, names.count], elements: .numbers(cells))
    ]
  }
}
