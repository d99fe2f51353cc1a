import Foundation
import Polyphony
import Torch

/// The samples of several requests as the input of one pass through a model.
struct RequestBatch {
  let inputs: Inputs

  /// Lays the samples one behind another.
  ///
  /// A modality that a sample lacks is zero there. Without a missing modality there is no presence, and without padding
  /// there are no lengths, because a model computes faster without both.
  /// - Parameter standardizations: what is done to features on the way to their place, for each modality. Nil stands for
  ///   nothing.
  init(_ parts: [Samples], _ modalities: [Modality], standardizations: [FeatureStandardization?]? = nil) {
    let count = parts.reduce(0) { $0 + $1.count }
    var (tensors, lengths): ([Tensor], [Tensor?]) = ([], [])
    for (index, modality) in modalities.enumerated() {
      let size = modality.sampleBytes
      let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, size * count), alignment: 64)
      var place = 0
      for part in parts {
        let bytes = part.count * size
        if let values = part.values[index] {
          values.bytes.withUnsafeBytes { source in
            if let standardization = standardizations?[index] {
              standardization.copy(source, to: memory.advanced(by: place))
            } else {
              memory.advanced(by: place).copyMemory(from: source.baseAddress!, byteCount: bytes)
            }
          }
        } else {
          memset(memory.advanced(by: place), 0, bytes)
        }
        place += bytes
      }
      let (shape, dtype) = ([count] + modality.sampleShape, DType(modality.kind.elementType))
      tensors.append(.wrapping(memory, shape: shape, dtype: dtype) { memory.deallocate() })
      let isPadded = parts.contains { $0.values[index]?.lengths != nil }
      lengths.append(
        isPadded
          ? Tensor(
            parts.flatMap { part in
              part.values[index]?.lengths ?? Array(repeating: modality.steps, count: part.count)
            }) : nil)
    }
    var presence: Tensor?
    if parts.contains(where: { $0.presence != nil }) {
      let cells = parts.flatMap { $0.presence ?? Array(repeating: true, count: $0.count * modalities.count) }
      presence = Tensor(cells, shape: [count, modalities.count])
    }
    inputs = Inputs(tensors, lengths: lengths, presence: presence)
  }
}
