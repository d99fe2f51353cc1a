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

  /// Reads a file.
  /// - Throws: `Fault(.missingInput)` or `Fault(.badData)` for a file without usable content, which is a missing input.
  func read(_ path: String) throws(Fault) -> Tensor

  /// Prepares the computation, and reads weights if it has any.
  /// - Returns: A function from contents of equal shape to the features of each, `[steps, width]` or `[width]`. Its
  ///   `Fault(.badData)` is a missing input too.
  /// - Throws: `Fault` for an encoder that cannot be read.
  func computation() throws(Fault) -> ([Tensor]) throws(Fault) -> [Tensor]
}
