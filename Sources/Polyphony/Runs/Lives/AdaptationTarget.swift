import Torch

/// What an adaptation meets: samples without targets, and beside them what serves the scores alone.
public struct AdaptationTarget {
  /// What is adapted to; no target of it can reach a method.
  public var samples: UnlabelledSplit
  /// Reads the targets of these samples; nil where they are not known.
  public var targets: (() throws(Fault) -> Tensor)?
  /// What the adapted model is scored on; nil where its predictions of the samples themselves are scored.
  public var test: LabelledSplit?

  /// A target; without `targets` and `test` nothing is scored.
  public init(samples: UnlabelledSplit, targets: (() throws(Fault) -> Tensor)? = nil, test: LabelledSplit? = nil) {
    (self.samples, self.targets, self.test) = (samples, targets, test)
  }

  /// What scores are taken on; nil where no target is known.
  func scored() throws(Fault) -> LabelledSplit? {
    if let test { return test }
    return try targets.map { (read) throws(Fault) in LabelledSplit(samples: samples, target: try read()) }
  }
}

extension AdaptLife {
  /// An adaptation to a split of a data set as it is.
  ///
  /// It adapts to the samples of `split`. Online the stream's own predictions are scored. Offline the adapted model is
  /// scored on the split `test`. Without a name this is the split «test», or `split` where the data has no such split.
  /// - Throws: What reading the data throws.
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

  /// An adaptation to samples in memory, with the modalities in the model's order; nothing is scored.
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
