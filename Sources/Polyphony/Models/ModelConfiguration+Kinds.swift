import Torch

extension ModelConfiguration {
  /// Refuses modalities and tasks that an architecture cannot serve.
  /// - Parameter maps: the kinds of which the architecture makes maps. An architecture without any reads sequences and
  ///   vectors.
  /// - Throws: `Fault(.usage)`, whose remedy is an architecture that takes the data, or says that there is none.
  func checkKinds(maps: Set<Modality.Kind>, file: String?) throws(Fault) {
    let isMap = task.kind == .segmentation
    let count = modalities.count(where: \.isMapped)
    let kinds = Set(modalities.map(\.kind))
    let hasOneSize = kinds.count == 1 && Set(modalities.map(\.extent)).count == 1
    let suits = maps.isEmpty ? !isMap && count == 0 : isMap && hasOneSize && kinds.isSubset(of: maps)
    guard !suits else { return }
    let remedy: String
    switch (isMap, count) {
    case (true, modalities.count) where hasOneSize:
      remedy = kinds == [.volume] ? "choose unet" : "choose unet or deeplab_v3plus"
    case (true, modalities.count): remedy = "no architecture takes images of several sizes: bring them to one"
    case (true, _):
      remedy = "no architecture makes maps of anything but images: leave the other modalities out of dataset.json"
    case (false, 0): remedy = "choose late_fusion, early_fusion, encoder_fusion or mult"
    case (false, _):
      remedy =
        "no architecture predicts values or classes from images: convert features of them, such as the vectors of a "
        + "pretrained network, or leave the images out"
    }
    let forms = modalities.map { "\($0.name): \($0.kind.rawValue) \($0.sampleShape)" }.joined(separator: ", ")
    let mapped = maps.map { "\($0.rawValue)s" }.sorted().joined(separator: " or ")
    throw Fault(
      .usage, "the architecture does not suit the data", file: file, key: "model.architecture",
      found: "\(architecture) for \(task.kind.rawValue) of \(forms)",
      expected: !maps.isEmpty
        ? "segmentation of \(mapped) of one size"
        : "regression, classification or multilabel of sequences and vectors",
      remedy: remedy)
  }
}
