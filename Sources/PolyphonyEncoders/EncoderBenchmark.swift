import Foundation
import Polyphony
import Torch

/// Times what a pretrained encoder of texts does. Comparisons of speed with other programs use it.
public struct EncoderBenchmark {
  /// The kinds of step.
  public enum Step: String, CaseIterable, Sendable {
    /// Vectors of all texts: tokens, states of the last layer, mean over the tokens.
    case embed
    /// The vector of the first text, once and without a warm-up.
    case first
    /// A step of training of all weights, on random tokens: forward and backward with dropout, and AdamW.
    case train
  }

  /// The texts of a batch.
  public var batch: Int
  /// True if texts with a similar number of tokens share a batch, the longest first. Otherwise they come in their
  /// order.
  public var isSorted: Bool
  /// The tokens of a text in training.
  public var length: Int
  private let folder: EncoderFolder
  private let longest: Int
  private let texts: [String]

  /// Describes a measurement.
  /// - Throws: `Fault` for an encoder of another input, and if there are no texts for a step that reads texts.
  public init(
    _ folder: String, _ step: Step, texts: [String], batch: Int = 32, length: Int = 32, isSorted: Bool = false
  ) throws(Fault) {
    self.folder = try EncoderFolder(folder)
    guard let longest = try self.folder.longestText() else {
      throw Fault(
        .usage, "the encoder reads no texts", file: folder, found: self.folder.family.rawValue,
        expected: "an encoder of texts")
    }
    guard step == .train || !texts.isEmpty else {
      throw Fault(.usage, "there are no texts to encode", key: "--texts", expected: "a file with a text a line")
    }
    guard length <= longest else {
      throw Fault(
        .usage, "the encoder reads no text of this length", key: "--length", found: "\(length)",
        expected: "at most \(longest)")
    }
    (self.batch, self.length, self.isSorted) = (batch, length, isSorted)
    (self.longest, self.texts) = (longest, texts)
  }

  /// Times a step `repeats` times, after one that is not counted.
  /// - Throws: `Fault` if the encoder cannot be read.
  public func run(_ step: Step, repeats: Int) throws(Fault) -> StepBenchmark.Result {
    let tokenizer = try Tokenizer(folder: folder.path, longest: longest)
    let encoder = try PretrainedEncoder(folder.path, isFrozen: step != .train)
    switch step {
    case .embed:
      _ = try encode(texts.prefix(batch), tokenizer, encoder)
      let median = try Stopwatch.median(repeats) { () throws(Fault) in try encode(texts[...], tokenizer, encoder) }
      return StepBenchmark.Result(medianSeconds: median, samples: texts.count)
    case .first:
      let seconds = try Stopwatch.seconds { () throws(Fault) in try encode(texts.prefix(1), tokenizer, encoder) }
      return StepBenchmark.Result(medianSeconds: seconds, samples: 1)
    case .train:
      let body = training(encoder, vocabulary: tokenizer.vocabularySize)
      try body()
      return StepBenchmark.Result(medianSeconds: try Stopwatch.median(repeats, body), samples: batch)
    }
  }

  private func encode(
    _ texts: ArraySlice<String>, _ tokenizer: Tokenizer, _ encoder: PretrainedEncoder
  ) throws(Fault) {
    var rows = texts.map { tokenizer.encode($0) }
    if isSorted { rows.sort { $0.count > $1.count } }
    for start in stride(from: 0, to: rows.count, by: batch) {
      let part = rows[start..<min(start + batch, rows.count)]
      _ = try encoder.states(of: Array(part), padding: tokenizer, layer: -1).pooled(.mean).floats
    }
  }

  /// Makes a step that brings the mean states of random tokens nearer to random vectors.
  private func training(_ encoder: PretrainedEncoder, vocabulary: Int) -> () throws(Fault) -> Void {
    let generator = Generator(seed: 0)
    let tokens = Tensor.uniform([batch, length], in: 0..<Double(vocabulary), generator: generator).to(.int64)
    let target = Tensor.normal([batch, encoder.width], generator: generator)
    encoder.train()
    let optimizer = Adam(
      [ParameterGroup("all", encoder.trainableParameters(), learningRate: 1e-5, weightDecay: 0.01)], decoupled: true)
    return { () throws(Fault) in
      optimizer.zeroGradients()
      let states = try encoder(tokens: tokens, layer: -1)
      try states.pooled(.mean).squaredError(target).backward()
      optimizer.step()
    }
  }
}
