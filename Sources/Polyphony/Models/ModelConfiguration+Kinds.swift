import Torch

extension ModelConfiguration {
  /// Refuses modalities and tasks that an architecture cannot serve.
  /// - Parameter images: whether the architecture makes maps from images; otherwise it reads sequences and vectors.
  /// - Throws: `Fault(.usage)`, whose remedy is an architecture that takes the data, or says that there is none.
  func checkKinds(images: Bool, file: String?) throws(Fault) {
    let isMap = task.kind == .segmentation
    let count = modalities.count { $0.kind == .image }
    let hasOneSize = Set(modalities.map { [$0.height ?? 0, $0.width ?? 0] }).count == 1
    let suits = images ? isMap && count == modalities.count && hasOneSize : !isMap && count == 0
    guard !suits else { return }
    let remedy: String
    switch (isMap, count) {
    case (true, modalities.count) where hasOneSize: remedy = "choose unet or deeplab_v3plus"
    case (true, modalities.count): remedy = "no architecture takes images of several sizes: bring them to one"
    case (true, _):
      remedy = "no architecture makes maps of anything but images: leave the other modalities out of dataset.json"
    case (false, 0): remedy = "choose late_fusion, early_fusion, encoder_fusion or mult"
    case (false, _):
      remedy =
        "no architecture predicts values or classes from images: convert features of them, such as the vectors of a "
        + "pretrained network, or leave the images out"
    }
    let kinds = modalities.map { "\($0.name): \($0.kind.rawValue) \($0.sampleShape)" }.joined(separator: ", ")
    throw Fault(
      .usage, "the architecture does not suit the data", file: file, key: "model.architecture",
      found: "\(architecture) for \(task.kind.rawValue) of \(kinds)",
      expected: images
        ? "segmentation of images of one size"
        : "regression, classification or multilabel of sequences and vectors",
      remedy: remedy)
  }
}
