import Torch

extension ProcessGroup {
  /// Checks that all processes score the same model on the same samples.
  /// - Parameter masks: the hashes of the masks under which they score it.
  /// - Throws: `Fault(.usage)` on every process, with the one that differs, and for a device on which a group does not
  ///   compute.
  package func agree(
    toScore start: ModelWithAdapter, on split: LabelledSplit, masks: [String]
  ) throws(Fault) {
    try BatchDivision(group: self).checkDevice(of: start.model)
    var identity = RunIdentity([
      "libtorch": Libtorch.version, "model": try start.identity(), "masks": masks.joined(separator: " "),
    ])
    identity.add(data: split.samples.name, split.hashes(start.model.configuration.modalities))
    try agree(on: identity)
  }
}
