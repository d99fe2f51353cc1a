import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The features of media files: pictures, videos or sound.
///
/// Every content is computed once, by its hash. A file that cannot be read or has no content has no steps, and a note says
/// why.
public struct MediaFeatures: FeatureExtractor {
  /// The kind of media.
  public let content: RawContent
  /// The front end with its encoder.
  public var record: EncoderRecord { frontEnd.record }
  private let frontEnd: any MediaFrontEnd
  private let cache: String?
  /// The readers and the encoder. It is nil if each call reads them anew.
  private var kept: MediaTools?

  init(_ frontEnd: any MediaFrontEnd, _ content: RawContent, cache: String?) {
    (self.frontEnd, self.content, self.cache) = (frontEnd, content, cache)
  }

  /// Returns the modality of raw inputs for an encoder inside a model, if that is what the front end makes.
  public func rawModality(_ name: String, length: Int) -> Modality? { frontEnd.rawModality(name, length: length) }

  /// The same features. Weights stay in memory after the first file.
  public func keepingWeights() -> any FeatureExtractor {
    var own = self
    own.kept = MediaTools(frontEnd)
    return own
  }

  /// Computes the features of files, apart from those that are kept.
  /// - Throws: `Fault` if the encoder cannot be read, if ffmpeg is needed and absent, or if features cannot be kept.
  public func features(
    of inputs: [String], folder: String, progress: (Int, Int) -> Void
  ) throws(Fault) -> ExtractedFeatures {
    let work = try MediaWork(
      frontEnd, kept ?? MediaTools(frontEnd),
      kept: try FeatureCache(folder: cache, for: record, rawModality("", length: 1)?.kind))
    for (done, input) in inputs.enumerated() {
      try work.add(input, path: input.hasPrefix("/") ? input : "\(folder)/\(input)")
      progress(done + 1, inputs.count)
    }
    try work.compute()
    let kept = work.kept
    let keys = inputs.map { work.keys[$0] }
    let steps = keys.map { key in key.flatMap { kept.steps(of: $0) } ?? 0 }
    return ExtractedFeatures(
      width: kept.width ?? frontEnd.width, isSequence: frontEnd.isSequence, steps: steps, notes: work.notes
    ) { (input) throws(Fault) in try keys[input].map { (key) throws(Fault) in try kept.numbers(of: key) } ?? [] }
  }
}

/// The functions of a front end: one reads files, and one computes features with the weights of its folders.
private final class MediaTools: Sendable {
  private let frontEnd: any MediaFrontEnd
  private let readingTools = KeptTools<(String) throws(Fault) -> Tensor>()
  private let computationTools = KeptTools<([Tensor]) throws(Fault) -> [Tensor]>()

  init(_ frontEnd: any MediaFrontEnd) { self.frontEnd = frontEnd }

  func reading() throws(Fault) -> (String) throws(Fault) -> Tensor {
    try readingTools.tools { () throws(Fault) in try frontEnd.reading() }
  }

  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] {
    try computationTools.tools { () throws(Fault) in try frontEnd.computation() }
  }
}

/// The computation of the features of many files, one batch after another.
private final class MediaWork {
  /// The most reasons that are told.
  private static let mostNotes = 3

  let kept: FeatureCache
  /// The hashes of the files that could be read.
  private(set) var keys: [String: FeatureCache.Key] = [:]
  private let frontEnd: any MediaFrontEnd
  private var reasons: [String: String] = [:]
  private var pending: [(input: String, key: FeatureCache.Key, content: Tensor)] = []
  private let read: (_ path: String) throws(Fault) -> Tensor
  private let tools: MediaTools

  init(_ frontEnd: any MediaFrontEnd, _ tools: MediaTools, kept: FeatureCache) throws(Fault) {
    (self.frontEnd, self.tools, self.kept) = (frontEnd, tools, kept)
    read = try tools.reading()
  }

  /// Reads a file, and computes the batch if it is full.
  func add(_ input: String, path: String) throws(Fault) {
    guard keys[input] == nil, reasons[input] == nil else { return }
    do throws(Fault) {
      guard !input.isEmpty else { throw Fault(.missingInput, "no file is named") }
      _ = try MediaFile.beginning(of: path, count: 1)
      let key = try FileHash.sha256(of: path)
      if kept.steps(of: key) == nil, !pending.contains(where: { $0.key == key }) {
        pending.append((input, key, try read(path)))
      }
      keys[input] = key
    } catch {
      try note(error, of: input)
    }
    if pending.count >= frontEnd.batch { try compute() }
  }

  /// Computes what is pending. Only contents of equal shape share a computation.
  func compute() throws(Fault) {
    guard !pending.isEmpty else { return }
    let compute = try tools.computation()
    var rest = pending
    pending = []
    while let shape = rest.first?.content.shape {
      let group = rest.filter { $0.content.shape == shape }
      rest.removeAll { $0.content.shape == shape }
      do throws(Fault) {
        let features = try compute(group.map(\.content))
        let width = features[0].size(-1)
        try kept.append(zip(group, features).map { file, tensor in (file.key, tensor.floats) }, width: width)
      } catch {
        for file in group { try note(error, of: file.input) }
      }
    }
  }

  /// Remembers why an input is missing. Other faults end the computation.
  private func note(_ fault: Fault, of input: String) throws(Fault) {
    guard fault.kind == .missingInput || fault.kind == .badData else { throw fault }
    reasons[input] = [fault.problem, fault.found].compactMap(\.self).joined(separator: ": ")
  }

  /// Sentences about missing inputs.
  var notes: [String] {
    let named = reasons.sorted { $0.key < $1.key }
      .map { input, reason in "\(input.isEmpty ? "an empty cell" : input) counts as missing: \(reason)" }
    return Array(named.prefix(Self.mostNotes))
  }
}
