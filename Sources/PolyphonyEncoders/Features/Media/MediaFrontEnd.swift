import Foundation
import Polyphony
import Torch

/// A front end of media: it reads a file of one kind, and computes the features of what it read.
protocol MediaFrontEnd: Sendable {
  /// The description that the data set and its models keep.
  var record: EncoderRecord { get }
  /// The numbers of a step, as far as they are known before the first computation.
  var width: Int { get }
  /// True if a file has several steps.
  var isSequence: Bool { get }
  /// The most files of one computation.
  var batch: Int { get }

  /// Returns the modality of raw inputs that it makes for an encoder inside a model. It is nil if it makes features.
  func rawModality(_ name: String, length: Int) -> Modality?

  /// Prepares the reading of files, and reads the weights of a detector if there is one.
  /// - Returns: A function from a path to what the encoder reads of the file. Its `Fault(.missingInput)` or
  ///   `Fault(.badData)`, for a file without usable content, is a missing input.
  /// - Throws: `Fault` for a detector that cannot be read.
  func reading() throws(Fault) -> (_ path: String) throws(Fault) -> Tensor

  /// Prepares the computation, and reads weights if it has any.
  /// - Returns: A function from contents of equal shape to the features of each, `[steps, width]` or `[width]`. Its
  ///   `Fault(.badData)` is a missing input too.
  /// - Throws: `Fault` for an encoder that cannot be read.
  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor]
}

extension MediaFrontEnd {
  /// Default: it makes features.
  func rawModality(_ name: String, length: Int) -> Modality? { nil }
}

extension EncoderFolder {
  /// Reads the encoder, and returns a function from inputs of equal shape to the pooled states of each.
  /// - Parameter encode: the states of a batch.
  /// - Throws: `Fault` for weights that cannot be read.
  func pooledStates(
    _ pooling: Pooling, layer: Int,
    _ encode: @escaping (_ encoder: PretrainedEncoder, _ batch: Tensor) throws(Fault) -> EncoderStates
  ) throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor] {
    let encoder = try PretrainedEncoder(path, isFrozen: true)
    return { (inputs) throws(Fault) in
      let pooled = try encode(encoder, .stacked(inputs)).pooled(pooling, layer: layer)
      return inputs.indices.map { pooled[$0] }
    }
  }
}
