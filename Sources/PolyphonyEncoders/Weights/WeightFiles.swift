import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The tensors of an encoder's folder by their published names, whichever files hold them.
struct WeightFiles {
  /// A tensor of a file.
  struct Entry {
    /// The tensor's extents.
    let shape: [Int]
    /// Reads the tensor.
    let read: () throws(Fault) -> Tensor
  }

  /// The path of the file, or of the list of files.
  let path: String
  /// The tensors.
  let entries: [String: Entry]

  /// Opens `model.safetensors`, the parts that `model.safetensors.index.json` lists, or a dictionary of weights that
  /// PyTorch saved as `pytorch_model.bin` or `model.pt`. No tensor is read yet, and nothing in a file is run.
  /// - Parameter mapped: tensors of safetensors files are read-only and stay in the file's own pages.
  /// - Throws: `Fault` if none is there, or if one is broken.
  init(folder: String, mapped: Bool = false) throws(Fault) {
    let (single, index) = ("\(folder)/model.safetensors", "\(folder)/model.safetensors.index.json")
    let exists = FileManager.default.fileExists(atPath:)
    if exists(single) {
      path = single
      entries = Self.entries(try SafetensorsFile(path: single), mapped)
    } else if exists(index) {
      path = index
      entries = try Self.shards(index, folder: folder, mapped)
    } else if let pickled = Self.pickled.map({ "\(folder)/\($0)" }).first(where: exists) {
      path = pickled
      entries = try Self.entries(pickled: pickled)
    } else {
      throw Fault(
        .missingInput, "the folder holds no weights", file: folder,
        expected: "model.safetensors, model.safetensors.index.json or \(Self.pickled.joined(separator: ", "))")
    }
  }

  /// Opens the weights of one of several networks in a folder: `PART.pt`, or else those of ``init(folder:mapped:)`` whose
  /// names begin with the part's.
  /// - Throws: The errors of ``init(folder:mapped:)``.
  init(folder: String, part: String) throws(Fault) {
    let file = "\(folder)/\(part).pt"
    guard FileManager.default.fileExists(atPath: file) else {
      let whole = try WeightFiles(folder: folder)
      path = whole.path
      entries = Dictionary(
        uniqueKeysWithValues: whole.entries.compactMap { name, entry in
          name.hasPrefix("\(part).") ? (String(name.dropFirst(part.count + 1)), entry) : nil
        })
      return
    }
    path = file
    entries = try Self.entries(pickled: file)
  }

  /// The names of files that PyTorch wrote.
  static let pickled = ["pytorch_model.bin", "pytorch_model.pt", "model.pt", "model.pth"]

  private static func entries(pickled path: String) throws(Fault) -> [String: Entry] {
    let dictionary = try StateDictionary(path: path)
    return Dictionary(
      dictionary.entries.map { name, shape in
        (name, Entry(shape: shape) { () throws(Fault) in try dictionary.tensor(name) })
      }, uniquingKeysWith: { _, last in last })
  }

  private static func entries(_ file: SafetensorsFile, _ mapped: Bool) -> [String: Entry] {
    Dictionary(
      uniqueKeysWithValues: file.entries.map { entry in
        let read = { () throws(Fault) in mapped ? try file.mapped(entry.name) : try file.tensor(entry.name) }
        return (entry.name, Entry(shape: entry.shape, read: read))
      })
  }

  /// Opens the files of a list, and takes from each the tensors that the list places there.
  private static func shards(
    _ index: String, folder: String, _ mapped: Bool
  ) throws(Fault) -> [String: Entry] {
    let document = try JSONFile.document(index, remedy: "copy the folder again")
    guard case .object(let places)? = document["weight_map"] else {
      throw Fault(.badData, "the list of weights has no weight_map", file: index, expected: "an object of file names")
    }
    var files: [String: [String: Entry]] = [:]
    var result: [String: Entry] = [:]
    for place in places {
      guard case .string(let name) = place.value, !name.contains("/"), !name.isEmpty else {
        throw Fault(
          .badData, "a tensor's file has no usable name", file: index, key: place.key,
          found: place.value.text(.line), expected: "the name of a file in the same folder")
      }
      if files[name] == nil { files[name] = entries(try SafetensorsFile(path: "\(folder)/\(name)"), mapped) }
      guard let entry = files[name]?[place.key] else {
        throw Fault(
          .badData, "a file lacks a tensor that the list places there", file: "\(folder)/\(name)", key: place.key,
          remedy: "copy the folder again")
      }
      result[place.key] = entry
    }
    return result
  }
}
