import Foundation

/// A first recipe for a data set, with settings for its size and comments for the user who changes them.
///
/// It trains a late fusion of the modalities, or a U-Net of images with masks. Where samples lack modalities, a second
/// stage tunes prompts for that. The rules below are a start and no search: about 1,500 steps, a narrow model for few
/// samples, class weights where one class has three times the samples of another.
package struct StarterRecipe {
  /// The ratio of the largest class to the smallest one from which the loss weighs classes.
  static let imbalance = 3.0
  /// The number of steps that a training aims at.
  private static let steps = 1500

  private let description: DatasetDescription
  private let data: String
  private let samples: Int
  /// The training samples of the largest and the smallest class.
  private let extremes: (largest: Int, smallest: Int)?
  /// The largest share of training samples without one modality, if they have several.
  private let missing: Double
  private let hasMissingCells: Bool

  /// Describes the recipe of a data set.
  /// - Parameters:
  ///   - description: the description of the data set.
  ///   - inspection: its samples.
  ///   - data: its folder, as the recipe names it.
  package init(_ description: DatasetDescription, _ inspection: DatasetInspection, data: String) {
    (self.description, self.data) = (description, data)
    let rows = inspection.modalities.filter { $0.split == "train" }
    samples = rows.first?.samples ?? 0
    missing = rows.count > 1 ? rows.map(\.missing).max() ?? 0 : 0
    hasMissingCells = inspection.modalities.contains { $0.missingCells > 0 }
    let counts = inspection.labels.first { $0.split == "train" }?.counts?.map(\.count) ?? []
    let isClasses = description.task.kind == .classification
    extremes = isClasses ? counts.max().map { ($0, counts.min() ?? $0) } : nil
  }

  /// True if the recipe leaves an adapter for missing modalities.
  package var hasAdapter: Bool { missing > 0 && description.task.kind != .segmentation }

  /// The recipe as YAML.
  package var text: String {
    var lines = [
      "# The recipe of \(description.name), for `polyphony run`: \(samples) training samples.",
      "# A key that is not here has its default. The run's folder gets the recipe with all of them.",
      "data: '\(data.replacingOccurrences(of: "'", with: "''"))'",
      "seeds: 1  # 5 give a mean and a deviation.",
      "stages:",
    ]
    lines += section(
      2, "- train:", [("balance", "joint", "cggm-teaching keeps a strong modality from hiding a weak one.")])
    lines += section(6, "model:", model)
    lines += section(6, "training:", training(epochs: epochs, rate: "0.001"))
    if hasAdapter {
      lines += section(
        2, "- tune:",
        [
          ("method", "prompts", "A small part beside the model makes up for missing modalities."),
          ("missing", "sample:\(rate)", "In training, this share of the samples lacks some modality."),
        ])
      lines += section(6, "training:", training(epochs: max(3, epochs / 3), rate: "0.001"))
    } else if hasMissingCells {
      lines.append("# A missing cell gets the mean of its feature over the training split.")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private typealias Line = (key: String, value: String, comment: String?)

  private func section(_ indent: Int, _ title: String, _ members: [Line]) -> [String] {
    let space = String(repeating: " ", count: indent)
    let inner = space + (title.hasPrefix("-") ? "    " : "  ")
    return [space + title] + members.map { "\(inner)\($0.key): \($0.value)" + ($0.comment.map { "  # \($0)" } ?? "") }
  }

  private var model: [Line] {
    guard description.task.kind != .segmentation else {
      return [("architecture", "unet", "An encoder for each image; its training has defaults of its own.")]
    }
    let (width, heads, layers) = samples < 500 ? (32, 4, 1) : samples < 5000 ? (32, 4, 2) : (64, 8, 3)
    return [
      ("architecture", "late_fusion", "An encoder for each modality; the last layers join them."),
      ("width", "\(width)", nil), ("heads", "\(heads)", "A divisor of the width."), ("layers", "\(layers)", nil),
      ("dropout", "{embedding: 0.1}", nil),
    ]
  }

  private func training(epochs: Int, rate: String) -> [Line] {
    guard description.task.kind != .segmentation else { return [("epochs", "\(epochs)", nil)] }
    var lines: [Line] = [
      ("epochs", "\(epochs)", nil), ("batch_size", "\(batch)", nil), ("learning_rate", rate, nil),
      ("schedule", "cosine", nil), ("warmup", "1", nil),
    ]
    if epochs >= 20 { lines.append(("early_stop", "\(epochs / 3)", "Epochs without a better validation score.")) }
    if let select { lines.append(("select", select, "The validation score that chooses the epoch.")) }
    if let ratio = imbalance {
      lines.append(
        (
          "class_weights", "balanced",
          String(format: "The largest class has %.1f times the samples of the smallest.", ratio)
        ))
    }
    return lines
  }

  /// The ratio of the classes, if it is large.
  private var imbalance: Double? {
    guard let extremes, extremes.smallest > 0 else { return nil }
    let ratio = Double(extremes.largest) / Double(extremes.smallest)
    return ratio >= Self.imbalance ? ratio : nil
  }

  private var select: String? {
    description.task.kind == .classification ? imbalance == nil ? "accuracy" : "balanced_accuracy" : nil
  }

  private var batch: Int {
    if description.task.kind == .segmentation { return Architectures.defaults(of: "unet").training.batchSize }
    return samples < 400 ? 16 : samples < 4000 ? 32 : samples < 40000 ? 64 : 128
  }

  private var epochs: Int { min(40, max(5, Self.steps * batch / max(1, samples))) }

  /// The rate of missing samples in training: the largest share of the data in tenths, and half of the samples at least.
  private var rate: String { String(format: "%.1f", min(0.9, max(0.5, (missing * 10).rounded(.up) / 10))) }
}
