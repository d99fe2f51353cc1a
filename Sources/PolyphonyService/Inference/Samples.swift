import Polyphony
import Torch

/// The samples of one request, checked against a model.
struct Samples: Sendable {
  /// The values of one modality.
  struct Values: Sendable {
    /// The samples one after another, in the type and the shape that the model reads.
    var bytes: ArraySlice<UInt8>
    /// The real steps of each sample. It is nil if all steps are real.
    var lengths: [Int]?
  }

  /// The number of samples.
  let count: Int
  /// The values by the model's modalities. They are nil for a modality that is left out.
  let values: [Values?]
  /// The presence of each modality in each sample, row by row. It is nil if nothing is missing.
  let presence: [Bool]?

  /// The number of samples that lack each modality.
  var missing: [Int] {
    values.indices.map { index in
      presence.map { presence in (0..<count).count { !presence[$0 * values.count + index] } } ?? 0
    }
  }
}

extension Modality {
  /// The bytes of one sample in the type that the model reads.
  var sampleBytes: Int { sampleShape.reduce(DType(kind.elementType).byteCount, *) }
}
