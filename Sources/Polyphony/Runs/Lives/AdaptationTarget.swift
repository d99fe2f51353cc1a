import Torch

/// The samples of an adaptation, and separate from them the targets that only the scores read.
///
/// ```swift
/// let target = AdaptationTarget(samples: test.samples, targets: { test.target })
/// let life = AdaptLife(model: "runs/base/model", origin: "test", methods: ["casp"]) { (_, _) in target }
/// ```
public struct AdaptationTarget {
  /// The samples to adapt to. They have no targets, so that no method can read one.
  public var samples: UnlabelledSplit
  /// Reads the targets of these samples. Default: the targets are not known.
  public var targets: (() throws(Fault) -> Tensor)?
  /// The split that scores the adapted model. Default: the predictions of the samples themselves are scored.
  public var test: LabelledSplit?
  /// The names of samples and classes.
  var names = AnswerNames()

  /// Combines samples and targets. Without `targets` and `test` there are no scores.
  public init(samples: UnlabelledSplit, targets: (() throws(Fault) -> Tensor)? = nil, test: LabelledSplit? = nil) {
    (self.samples, self.targets, self.test) = (samples, targets, test)
  }

  /// The labelled samples that are scored. Nil if no target is known.
  func scored() throws(Fault) -> LabelledSplit? {
    if let test { return test }
    return try targets.map { (read) throws(Fault) in LabelledSplit(samples: samples, target: try read()) }
  }
}

extension AdaptLife {
  /// Describes an adaptation to a split of a data set, without corruption.
  ///
  /// It adapts to the samples of `split`. Online, the scores are those of the stream's own predictions. Offline, the
  /// adapted model is scored on the split `test`. Default: the split «test», or `split` without one.
  /// - Throws: The errors of reading the data.
  public init(
    model: String, adapter: String? = nil, recipe: SettingsTree = .empty, data folder: String, split: String = "train",
    test: String? = nil, methods: [String], isOnline: Bool = false, device: Device = .cpu
  ) throws(Fault) {
    let data = try Dataset(folder)
    let scored = isOnline ? split : test ?? (data.description.splits["test"] == nil ? split : "test")
    self.init(
      model: model, adapter: adapter, recipe: recipe, origin: folder, scored: scored, methods: methods, device: device
    ) { (configuration, _) throws(Fault) in
      let data = try data.fitted(to: configuration)
      var target = AdaptationTarget(samples: try data.unlabelled(split))
      target.names = AnswerNames(data)
      guard try data.hasTargets(scored) else { return target }
      let labelled = try data.labelled(scored)
      if !isOnline { target.test = labelled }
      if split == scored {
        target.targets = { labelled.target }
      } else if try data.hasTargets(split) {
        target.targets = { () throws(Fault) in try data.labelled(split).target }
      }
      return target
    }
    self.isOnline = isOnline
    conditions["mode"] = isOnline ? "online" : "offline"
  }

  /// Describes an adaptation to samples in memory, with the modalities in the model's order. There are no scores.
  public init(
    model: String, adapter: String? = nil, recipe: SettingsTree = .empty, samples: UnlabelledSplit, methods: [String],
    isOnline: Bool = false, device: Device = .cpu
  ) {
    self.init(
      model: model, adapter: adapter, recipe: recipe, origin: samples.name, scored: samples.name, methods: methods,
      device: device
    ) { (_, _) throws(Fault) in AdaptationTarget(samples: samples) }
    self.isOnline = isOnline
  }
}
