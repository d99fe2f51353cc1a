import Torch

/// Which of a base's own parameters are trained beside prompts or fills.
struct TrainableParts {
  /// The projections of the modalities.
  var projections: Bool
  /// The last layer.
  var head: Bool
  /// Everything.
  var everything = false

  /// Reads `projections` and `head`.
  init(_ reader: SettingsReader) throws(Fault) {
    projections = try reader.bool("projections", default: true)
    head = try reader.bool("head", default: true)
  }

  init(projections: Bool, head: Bool, everything: Bool = false) {
    (self.projections, self.head, self.everything) = (projections, head, everything)
  }

  /// Freezes everything else of a backbone.
  func apply(to backbone: any Backbone, and others: (String) -> Bool = { _ in false }) {
    backbone.freeze()
    backbone.unfreeze { key in
      everything || others(key) || (projections && key.hasPrefix("proj.")) || (head && key.hasPrefix("out_layer."))
    }
  }
}
