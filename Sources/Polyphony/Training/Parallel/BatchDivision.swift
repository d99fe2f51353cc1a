import Torch

/// The division of every batch into parts: one for each process, and in each process one for each step of accumulation.
///
/// Parts are neighbouring samples of the batch, and as equal in size as can be. Two processes and an accumulation of two
/// have the same parts, and so the same sums.
struct BatchDivision {
  /// The group of processes; nil for one process.
  let group: ProcessGroup?
  /// The parts that each process computes one after another.
  let accumulate: Int

  /// Divides batches among the processes of a group, and each share into parts that a process computes in turn.
  init(group: ProcessGroup?, accumulate: Int = 1) { (self.group, self.accumulate) = (group, accumulate) }

  /// The number of parts of a batch.
  var count: Int { (group?.size ?? 1) * accumulate }

  /// The parts of this process.
  ///
  /// A batch with fewer samples than parts has no sample for some parts. These compute the first sample with weight 0, so
  /// that all processes take part in the same sums.
  /// - Parameters:
  ///   - batch: the number of samples of the batch.
  ///   - weights: the weight of each sample; nil for equal weights.
  func parts(of batch: Int, weights: [Double]? = nil) -> [(samples: Range<Int>, share: Double)] {
    let total = weights?.reduce(0, +) ?? Double(batch)
    let first = (group?.rank ?? 0) * accumulate
    return (first..<first + accumulate).map { part in
      let samples = batch * part / count..<batch * (part + 1) / count
      guard !samples.isEmpty else { return (0..<1, 0) }
      let own = weights.map { $0[samples].reduce(0, +) } ?? Double(samples.count)
      return (samples, total > 0 ? own / total : Double(samples.count) / Double(batch))
    }
  }

  /// True on every process if a condition holds on any of them.
  func holds(_ condition: Bool) throws(Fault) -> Bool { try group?.holds(condition) ?? condition }

  /// The number of the process 0. Machines may differ in the last bits, so a group decides by its numbers.
  func decided(_ own: Double) throws(Fault) -> Double { try group?.number(own) ?? own }

  /// Checks that a model and a method compute the same from parts of a batch as from the whole.
  /// - Throws: `Fault(.usage)` with what does not.
  func check(_ model: MultimodalModel, _ hook: any StepHook) throws(Fault) {
    let remedy = "train in one process without accumulation"
    try check(
      hook.takesParts, "\(type(of: hook))",
      expected: "a method whose statistics are means over samples, such as joint, cggm, ogm-ge, agm or lora",
      remedy: remedy)
    if model.backbone.isTraining { try checkNorms(of: model, remedy: remedy) }
    try checkDevice(of: model)
  }

  /// Requires a method that takes parts of a batch.
  func check(_ takesParts: Bool, _ method: String, expected: String, remedy: String) throws(Fault) {
    guard count > 1, !takesParts else { return }
    throw Fault(
      .usage, "the method needs every batch as a whole", key: key, found: "\(method) with \(words)",
      expected: expected, remedy: remedy)
  }

  /// Requires a model whose normalisations read one sample at a time.
  func checkNorms(of model: MultimodalModel, remedy: String) throws(Fault) {
    guard count > 1, let layer = model.backbone.modules(BatchNorm2d.self).first else { return }
    throw Fault(
      .usage, "the model normalises over the whole batch", key: key, found: "\(layer.key) with \(words)",
      expected: "a model without batch normalisation, such as unet", remedy: remedy)
  }

  /// Requires a device on which a group computes.
  func checkDevice(of model: MultimodalModel) throws(Fault) {
    guard count > 1, group != nil, model.device != .cpu else { return }
    throw Fault(
      .usage, "a group of processes computes on processors", key: "--device", found: "\(model.device)",
      expected: "cpu", remedy: "leave --device out, or use one process")
  }

  private var key: String { accumulate > 1 ? "training.accumulate" : "WORLD_SIZE" }
  private var words: String { accumulate > 1 ? "\(accumulate)" : "\(group?.size ?? 1) processes" }
}
