import Foundation
import Torch

/// The content of `dataset.json`: the task, the modalities and the files of a data set.
///
/// The task decides the form of the tensor `target`:
///
/// * `{"kind": "regression"}`: `[N]` or `[N, 1]` f32. An optional `range` bounds the values.
/// * `{"kind": "regression", "targets": ["calm", "loud"]}`: `[N, K]` f32, a column for each of the K ≥ 2 names. The
///   `range` bounds all of them.
/// * `{"kind": "classification", "classes": C}`: `[N]` i64, with optional names in `labels`.
/// * `{"kind": "multilabel", "classes": K}`: `[N, K]` f32 or u8, 1 where the label holds and 0 elsewhere, with optional
///   names in `labels`.
/// * `{"kind": "segmentation", "classes": C}`: `[N, height, width]` i64.
///
/// Every number must be finite. A sample with an unknown target has no place in a labelled split.
///
/// ```swift
/// let description = DatasetDescription(
///   name: "gestures", task: PredictionTask(kind: .classification, classes: 3),
///   modalities: [.sequence("motion", features: 3, length: 12), .vector("force", features: 2)])
/// ```
public struct DatasetDescription: Codable, Equatable, Sendable {
  /// One part of the data and its file.
  public struct Split: Codable, Equatable, Sendable {
    /// The name of its file in the folder.
    public var file: String
    /// The SHA-256 of the file in hexadecimal digits; nil skips the check.
    public var sha256: String?

    /// Makes a part.
    public init(file: String, sha256: String? = nil) { (self.file, self.sha256) = (file, sha256) }
  }

  /// The data set's name.
  public var name: String
  /// The task that a model learns on this data.
  public var task: PredictionTask
  /// The inputs, in the order of the files' `presence`.
  public var modalities: [Modality]
  /// Parts by name: `train`, `valid`, `test`.
  public var splits: [String: Split]
  /// The origin and the licence of the data.
  public var source: String?

  /// Makes a description.
  public init(
    name: String, task: PredictionTask, modalities: [Modality], splits: [String: Split] = [:], source: String? = nil
  ) {
    (self.name, self.task, self.modalities, self.splits, self.source) = (name, task, modalities, splits, source)
  }

  /// Checks everything that needs no tensors.
  package func validate(file: String) throws(Fault) {
    func check(_ condition: Bool, _ key: String, _ found: String, _ expected: String) throws(Fault) {
      if condition { return }
      throw Fault(
        .badData, "the data set's description makes no sense", file: file, key: key, found: found, expected: expected)
    }
    try check(!modalities.isEmpty, "modalities", "none", "at least one modality")
    let names = modalities.map(\.name)
    try check(Set(names).count == names.count, "modalities", names.joined(separator: ", "), "distinct names")
    for (index, modality) in modalities.enumerated() {
      let key = "modalities.\(index)"
      try check(
        !["target", "presence", "id", ""].contains(modality.name) && !modality.name.contains("."), "\(key).name",
        modality.name, "a name without dots that is not target, presence or id")
      try check(
        modality.hasPossibleSizes, key, "\(modality.kind.rawValue) of shape \(modality.sampleShape)",
        modality.isMapped
          ? "channels\(modality.kind == .volume ? ", depth" : ""), height and width above 0"
          : modality.kind == .sequence ? "features and length above 0" : "sizes above 0")
      try check(
        modality.order == nil || modality.kind == .sequence, "\(key).order",
        "\(modality.order?.rawValue ?? "") for a modality of kind \(modality.kind.rawValue)", "a sequence")
      if let wrong = modality.contradiction { try check(false, "\(key).\(wrong.key)", wrong.found, wrong.expected) }
    }
    if let wrong = task.contradiction { try check(false, "task.\(wrong.key)", wrong.found, wrong.expected) }
    try check(!splits.isEmpty, "splits", "none", "at least one of train, valid, test")
    for (name, split) in splits {
      try check(
        !split.file.isEmpty && !split.file.contains("/"), "splits.\(name).file", split.file, "a file in the same folder"
      )
    }
  }
}
