import Torch

extension UnlabelledSplit {
  /// The SHA-256 of each tensor of the samples, by name, such as `text` and `presence`.
  ///
  /// The hashes are those of the samples as a model receives them. Another file with the same samples gives the same.
  func hashes(_ modalities: [Modality]) -> [String: String] {
    var tensors: [(key: String, tensor: Tensor)] = []
    for (index, modality) in modalities.enumerated() {
      tensors.append((modality.name, inputs.modalities[index]))
      if let lengths = inputs.lengths[index] { tensors.append(("\(modality.name).length", lengths)) }
      if let kept = inputs.kept[index] { tensors.append(("\(modality.name).kept", kept)) }
    }
    if let presence = inputs.presence { tensors.append(("presence", presence)) }
    return Dictionary(uniqueKeysWithValues: tensors.map { ($0.key, $0.tensor.sha256) })
  }
}

extension LabelledSplit {
  /// The SHA-256 of each tensor of the samples and of their targets, by name.
  func hashes(_ modalities: [Modality]) -> [String: String] {
    samples.hashes(modalities).merging(["target": target.sha256]) { $1 }
  }
}

extension Tensor {
  /// The SHA-256 of the elements' bytes, in hexadecimal digits.
  fileprivate var sha256: String { withBytes { FileHash.sha256(of: $0) } }
}
