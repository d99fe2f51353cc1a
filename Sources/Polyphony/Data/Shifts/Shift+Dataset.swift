import Foundation
import Torch

extension Dataset {
  /// Reads a split with targets and corrupts its inputs, as `write(corruptedBy:only:seed:to:)` does.
  /// - Throws: `Fault(.usage)` for an unknown modality, and the faults of reading.
  public func labelled(
    _ split: String, corruptedBy shift: Shift, only: [String]? = nil, seed: UInt64 = 0
  ) throws(Fault) -> LabelledSplit {
    let labelled = try labelled(split)
    return try shift.applied(
      to: labelled, description.modalities, only: only, statistics: try shiftStatistics(),
      seed: DerivedSeed.of(seed, name: split))
  }

  /// Reads a split without targets and corrupts its inputs, as `write(corruptedBy:only:seed:to:)` does.
  /// - Throws: `Fault(.usage)` for an unknown modality, and the faults of reading.
  public func unlabelled(
    _ split: String, corruptedBy shift: Shift, only: [String]? = nil, seed: UInt64 = 0
  ) throws(Fault) -> UnlabelledSplit {
    let samples = try unlabelled(split)
    return try shift.applied(
      to: samples, description.modalities, only: only, statistics: try shiftStatistics(),
      seed: DerivedSeed.of(seed, name: split))
  }

  /// Writes a data set folder in which all or some splits are corrupted. Targets, lengths and ids stay the same.
  ///
  /// Strengths are relative to the features of the training split, or to each split's own without a training split.
  /// - Throws: `Fault(.usage)` for an unknown modality and if the destination is this data set's own folder. The faults
  ///   of reading and writing also pass through.
  public func write(
    corruptedBy shift: Shift, only: [String]? = nil, splits chosen: [String]? = nil, seed: UInt64 = 0, to path: String
  ) throws(Fault) {
    for name in chosen ?? [] { _ = try file(of: name) }
    let places = [path, folder].map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path }
    guard places[0] != places[1] else {
      throw Fault(
        .usage, "the corrupted data would replace the original", file: path, key: "--output",
        expected: "another folder than that of --data")
    }
    let statistics = try shiftStatistics()
    var splits: [DatasetWriter.Split] = []
    for name in splitNames {
      var samples = try unlabelled(name)
      if chosen?.contains(name) ?? true {
        samples = try shift.applied(
          to: samples, description.modalities, only: only, statistics: statistics,
          seed: DerivedSeed.of(seed, name: name))
      }
      splits.append(
        .init(
          name, samples.inputs, target: try hasTargets(name) ? try labelled(name).target : nil, ids: samples.ids,
          volumes: samples.volumes))
    }
    var corrupted = description
    corrupted.name += " \(shift)"
    let modalities =
      (only?.joined(separator: ", ") ?? "all modalities")
      + (chosen.map { " in " + $0.joined(separator: ", ") } ?? "")
    corrupted.source = [
      description.source, "corrupted by «polyphony data corrupt»: \(shift) of \(modalities), seed \(seed)",
    ]
    .compactMap(\.self).joined(separator: "; ")
    try DatasetWriter.write(corrupted, splits, to: path)
  }

  private func shiftStatistics() throws(Fault) -> [String: FeatureStatistics]? {
    guard description.splits["train"] != nil else { return nil }
    return Shift.statistics(of: try unlabelled("train"), description.modalities)
  }
}
