import Torch

extension UnlabelledSplit {
  /// The SHA-256 of each tensor of the samples, by name, such as `text` and `presence`.
  ///
  /// The hashes are those of the samples as a model receives them. Another file with the same samples gives the same.
  func hashes(_ modalities: [Modality]) -> [String: String] {
    var hashes: [String: String] = [:]
    for (index, modality) in modalities.enumerated() {
      hashes[modality.name] = hash(index)
      hashes["\(modality.name).length"] = stored.lengths[index]?.sha256
      hashes["\(modality.name).kept"] = stored.kept[index]?.sha256
    }
    hashes["presence"] = stored.presence?.sha256
    source?.stamp.save()
    return hashes
  }

  /// The hash of a modality's numbers as f32, or in their own type if they are whole.
  private func hash(_ modality: Int) -> String {
    let compute = {
      let x = stored.modalities[modality]
      return FileHash.sha256 { hash in
        for block in blocks(modality) {
          let part = noGrad { x[block] }
          (x.dtype.isFloatingPoint ? part.to(.float32) : part).withBytes(hash)
        }
      }
    }
    return source?.fact(modality, \.sha256, compute) ?? compute()
  }
}

extension LabelledSplit {
  /// The SHA-256 of each tensor of the samples and of their targets, by name.
  func hashes(_ modalities: [Modality]) -> [String: String] {
    let hash = targetStamp?.fact("target", \.sha256) { target.sha256 } ?? target.sha256
    targetStamp?.save()
    return samples.hashes(modalities).merging(["target": hash]) { $1 }
  }
}

extension Tensor {
  /// The SHA-256 of the elements' bytes, in hexadecimal digits.
  fileprivate var sha256: String { withBytes { FileHash.sha256(of: $0) } }
}
