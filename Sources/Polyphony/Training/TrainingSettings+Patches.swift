import Torch

extension TrainingSettings {
  /// The largest side of a patch of a volume where a recipe says none.
  static let usualSide = 64

  /// The configuration of a model that trains on patches: its images have the size of a patch.
  /// - Throws: `Fault(.usage)` for a task without images, and for a patch that does not fit the images.
  func patched(_ configuration: ModelConfiguration) throws(Fault) -> ModelConfiguration {
    let image = configuration.modalities[0].extent
    let usual = image.count == 3 ? image.map { min($0, Self.usualSide) } : nil
    guard let patch = patch ?? usual else {
      try refuseOptions()
      return configuration
    }
    try check(patch, fits: image, of: configuration.task)
    var result = configuration
    for index in result.modalities.indices { result.modalities[index].extent = patch }
    return result
  }

  /// Makes the rule of patches for a model and its training samples. It is nil if the samples have the model's size.
  /// - Throws: `Fault(.usage)` for samples that are smaller than the model's images, and for settings that name another
  ///   size.
  func makePatches(
    _ configuration: ModelConfiguration, _ training: LabelledSplit, seed: UInt64
  ) throws(Fault) -> PatchSampling? {
    let own = configuration.modalities[0].extent
    if let patch, patch != own {
      guard !own.isEmpty else { throw needsSegmentation(patch, configuration.task) }
      throw Fault(
        .usage, "the model reads patches of another size", key: "training.patch", found: "\(patch)", expected: "\(own)",
        remedy: "leave training.patch out: a tuning takes the size of its model")
    }
    let image = Array(training.target.shape.dropFirst())
    guard configuration.task.kind == .segmentation, image != own else {
      if patch == nil { try refuseOptions() }
      return nil
    }
    guard image.count == own.count, zip(own, image).allSatisfy({ $0 <= $1 }) else {
      throw Fault(
        .usage, "the training images are smaller than those of the model", key: "modalities", found: "\(image)",
        expected: "at least \(own)", remedy: "use images like those that the model was trained on")
    }
    let share = Double(image.reduce(1, *)) / Double(own.reduce(1, *))
    return PatchSampling(
      own, foreground: foreground ?? PatchSampling.usualForeground, perSample: patches ?? Int(share.rounded(.up)),
      seed: seed)
  }

  private func check(_ patch: [Int], fits image: [Int], of task: PredictionTask) throws(Fault) {
    guard task.kind == .segmentation, !image.isEmpty else { throw needsSegmentation(patch, task) }
    guard patch.count == image.count else {
      throw Fault(
        .usage, "a patch needs a size for each axis of the images", key: "training.patch", found: "\(patch)",
        expected: "\(image.count) sizes, for images of \(image)")
    }
    guard zip(patch, image).allSatisfy({ $0 <= $1 }) else {
      throw Fault(
        .usage, "a patch is larger than the images", key: "training.patch", found: "\(patch)",
        expected: "at most \(image)")
    }
  }

  private func needsSegmentation(_ patch: [Int], _ task: PredictionTask) -> Fault {
    Fault(
      .usage, "only images and their masks have patches", key: "training.patch",
      found: "\(patch) for \(task.kind.rawValue)", expected: "segmentation", remedy: "leave training.patch out")
  }

  /// Refuses settings of patches where nothing draws patches.
  private func refuseOptions() throws(Fault) {
    let given = [("foreground", foreground.map { "\($0)" }), ("patches", patches.map { "\($0)" })]
    guard let (key, found) = given.first(where: { $0.1 != nil }) else { return }
    throw Fault(
      .usage, "the setting is for patches, and the model trains on whole images", key: "training.\(key)", found: found,
      expected: "training.patch beside it", remedy: "set training.patch, or leave training.\(key) out")
  }
}
