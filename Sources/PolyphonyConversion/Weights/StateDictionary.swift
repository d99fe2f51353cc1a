import Foundation
import Polyphony
import Torch

/// A file that PyTorch wrote by `torch.save`: tensors by name. Nothing in it is run.
///
/// The file is a ZIP archive with a pickle that describes the tensors, and a stored member for each storage. The pickle is
/// read as data (`PickleReader`). It holds the dictionary of weights itself, or one under `state_dict` or `model`.
package final class StateDictionary {
  /// The path of the file.
  package let path: String
  /// The names and shapes of the tensors, in their order.
  package var entries: [(name: String, shape: [Int])] { tensors.map { ($0.name, $0.tensor.shape) } }
  private let tensors: [(name: String, tensor: PickledTensor)]
  private let file: RandomAccessFile
  /// The bytes of each storage.
  private var storages: [String: Range<Int>] = [:]

  /// Reads the description of the tensors, and checks that every storage is within the file.
  /// - Throws: `Fault(.badData)` for another kind of file, or a part that is broken or refused.
  package init(path: String) throws(Fault) {
    (self.path, file) = (path, try RandomAccessFile(path))
    guard try file.bytes(min(4, file.size), at: 0) == [0x50, 0x4B, 3, 4] else {
      throw Fault(
        .badData, "this is no file of weights that can be read", file: path,
        expected: "the archive that PyTorch writes",
        remedy: "load it in PyTorch and save it again: torch.save(torch.load(…), …), or as safetensors")
    }
    let archive = try ZipArchive(file)
    guard let pickle = archive.members.first(where: { $0.name.hasSuffix("/data.pkl") }), pickle.method == 0 else {
      throw Fault(.badData, "the archive holds no tensors", file: path, expected: "a stored member data.pkl")
    }
    let scratch = try ScratchFile(in: NSTemporaryDirectory())
    var reader = PickleReader(file, try archive.range(of: pickle), scratch: scratch, readsTensors: true)
    tensors = try Self.tensors(try reader.read(), path)
    let folder = pickle.name.dropLast("data.pkl".count)
    if let order = archive.members.first(where: { $0.name == folder + "byteorder" }) {
      let range = try archive.range(of: order)
      guard try file.bytes(min(range.count, 6), at: range.lowerBound) == Array("little".utf8) else {
        throw Fault(.badData, "the weights are in another order of bytes", file: path, expected: "little")
      }
    }
    let members = Dictionary(archive.members.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (name, tensor) in tensors {
      guard let member = members["\(folder)data/\(tensor.storage.name)"], member.method == 0,
        let size = tensor.storage.type.byteCount(of: [tensor.storage.count]), member.size >= size
      else {
        throw Fault(
          .badData, "a tensor's storage is absent or too short", file: path, key: name,
          expected: "\(tensor.storage.count) elements", remedy: "copy or download the file again")
      }
      storages[tensor.storage.name] = try archive.range(of: member)
    }
  }

  /// Reads a tensor.
  /// - Throws: `Fault(.badData)` if there is none of this name.
  package func tensor(_ name: String) throws(Fault) -> Tensor {
    guard let view = tensors.first(where: { $0.name == name })?.tensor, let extent = view.extent,
      let range = storages[view.storage.name]
    else { throw Fault(.badData, "the file holds no tensor of this name", file: path, key: name) }
    let size = view.storage.type.size
    guard (view.offset + extent) * size <= range.count else {
      throw Fault(.badData, "the file ends within a tensor", file: path, key: name)
    }
    let bytes = try file.bytes(extent * size, at: range.lowerBound + view.offset * size)
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
    for key in ["state_dict", "model"] {
      if case .dictionary? = dictionary.byName.first(where: { $0.name == key })?.value {
        return try tensors(dictionary.byName.first { $0.name == key }!.value, path)
      }
    }
    let found = dictionary.byName.compactMap { entry -> (name: String, tensor: PickledTensor)? in
      if case .tensor(let tensor) = entry.value { (entry.name, tensor) } else { nil }
    }
    guard !found.isEmpty else { throw Fault(.badData, "the file holds no tensors by name", file: path) }
    return found
  }
}
