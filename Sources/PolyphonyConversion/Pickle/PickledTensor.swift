import Polyphony
import Torch

/// A storage of PyTorch: a member of the archive beside the pickle, by its name.
struct PickledStorage: Equatable {
  let type: SafetensorsType
  let name: String
  /// The number of elements.
  let count: Int
}

/// A tensor of PyTorch, as a view of a storage.
struct PickledTensor: Equatable {
  let storage: PickledStorage
  let offset: Int
  let shape: [Int]
  let strides: [Int]

  /// Makes a view. It is nil if it reaches beyond its storage.
  init?(storage: PickledStorage, offset: Int, shape: [Int], strides: [Int]) {
    guard shape.count == strides.count, offset >= 0, storage.type.byteCount(of: shape) != nil else { return nil }
    (self.storage, self.offset, self.shape, self.strides) = (storage, offset, shape, strides)
    guard let extent, offset <= storage.count, extent <= storage.count - offset else { return nil }
  }

  /// The number of elements from the first to the last, in the storage. It is nil beyond the range of `Int`.
  var extent: Int? {
    guard !shape.contains(0) else { return 0 }
    var extent = 1
    for (size, stride) in zip(shape, strides) {
      guard size >= 0, stride >= 0 else { return nil }
      let (step, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, further) = extent.addingReportingOverflow(step)
      guard !overflow, !further else { return nil }
      extent = sum
    }
    return extent
  }
}

/// The operations for storages and tensors, which only files of weights may hold.
extension PickleReader {
  /// Takes the description `('storage', type, name, device, count)` from the stack. Old files have a sixth part, None.
  mutating func performStorage() throws(Fault) {
    let description = try pop()
    guard case .sequence(let tuple) = description, (5...6).contains(tuple.elements.count),
      case .text("storage") = tuple.elements[0], case .global(.storage(let type)) = tuple.elements[1],
      case .text(let name) = tuple.elements[2], case .integer(let count) = tuple.elements[4], count >= 0
    else { throw malformed(description.kindName, "the description of a storage") }
    push(.storage(PickledStorage(type: type, name: name, count: count)))
  }

  /// Returns the tensor that a call describes. It is nil for other arguments than PyTorch writes.
  func tensor(_ arguments: [PickleValue]) -> PickledTensor? {
    guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
      let shape = integers(arguments[2]), let strides = integers(arguments[3])
    else { return nil }
    return PickledTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }
}
