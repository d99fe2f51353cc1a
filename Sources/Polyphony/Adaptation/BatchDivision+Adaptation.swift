import Torch

extension BatchDivision {
  /// Checks that several processes can adapt a model by a method.
  /// - Throws: `Fault(.usage)` with what cannot.
  func check(_ model: MultimodalModel, _ method: any AdaptationMethod, isOnline: Bool) throws(Fault) {
    let remedy = "adapt in one process"
    if isOnline, count > 1 {
      throw Fault(
        .usage, "a stream has one order, in which the model learns from each batch before the next one comes",
        key: "WORLD_SIZE", found: "online adaptation with \(count) processes", expected: "one process",
        remedy: "adapt offline, or in one process")
    }
    try check(
      method.takesParts, method.name, expected: "a method without statistics of batches, such as casp, inputs or tent",
      remedy: remedy)
    if method.tensors.changesStatistics { try checkNorms(of: model, remedy: remedy) }
    try checkDevice(of: model)
  }
}
