import Polyphony
import Torch

/// A file that PyTorch wrote by `torch.save`: tensors by name. Nothing in it is run.
///
/// A pickle describes the tensors and is read as data (`PickleReader`). It holds the dictionary of weights itself, or one
/// under `state_dict` or `model`. The numbers are in storages, in one of two forms (``StorageFile``).
package final class StateDictionary {
  /// The path of the file.
  package let path: String
  /// The names and shapes of the tensors, in their order.
  package var entries: [(name: String, shape: [Int])] { tensors.map { ($0.name, $0.tensor.shape) } }
  private let tensors: [(name: String, tensor: PickledTensor)]
  private let storages: StorageFile

  /// Reads the description of the tensors, and checks that every storage is within the file.
  /// - Throws: `Fault(.badData)` for another kind of file, or a part that is broken or refused.
  package init(path: String) throws(Fault) {
    self.path = path
    storages = try StorageFile(path)
    tensors = try Self.tensors(storages.content, path)
    for (name, tensor) in tensors {
      let size = tensor.storage.type.byteCount(of: [tensor.storage.count])
      guard let range = storages.ranges[tensor.storage.name], let size, range.count >= size else {
        throw Fault(
          .badData, "a tensor's storage is absent or too short", file: path, key: name,
          expected: "\(tensor.storage.count) elements", remedy: "copy or download the file again")
      }
    }
  }

  /// Reads a tensor.
  /// - Throws: `Fault(.badData)` if there is none of this name.
  package func tensor(_ name: String) throws(Fault) -> Tensor {
    guard let view = tensors.first(where: { $0.name == name })?.tensor, let extent = view.extent,
      let range = storages.ranges[view.storage.name]
    else { throw Fault(.badData, "the file holds no tensor of this name", file: path, key: name) }
    let size = view.storage.type.size
    let bytes = try storages.file.bytes(extent * size, at: range.lowerBound + view.offset * size)
    let flat = try withRawBytes(of: bytes) { (bytes) throws(Fault) in
      Tensor.copying(bytes, as: view.storage.type, shape: [extent])
    }
    return Self.strided(.tensor(flat), .ints(view.shape), .ints(view.strides)).contiguous()
  }

  private static let strided = Operator("aten::as_strided")

  private static func tensors(
    _ value: PickleValue, _ path: String
  ) throws(Fault) -> [(name: String, tensor: PickledTensor)] {
    guard case .dictionary(let dictionary) = value else {
      throw Fault(.badData, "the file holds no weights by name", file: path, found: value.kindName)
    }
    let entries = dictionary.byName
    for entry in entries where entry.name == "state_dict" || entry.name == "model" {
      if case .dictionary = entry.value { return try tensors(entry.value, path) }
    }
    let found = entries.compactMap { entry -> (name: String, tensor: PickledTensor)? in
      if case .tensor(let tensor) = entry.value { (entry.name, tensor) } else { nil }
    }
    guard !found.isEmpty else { throw Fault(.badData, "the file holds no tensors by name", file: path) }
    return found
  }
}
