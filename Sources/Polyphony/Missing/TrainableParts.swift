import Torch

/// The parameters of a base that a method trains beside its prompts or fills.
struct TrainableParts {
  /// True if the projections of the modalities are trained (``Backbone/projectionPrefixes``).
  var projections: Bool
  /// True if the last layer is trained (``Backbone/outputLayer``).
  var head: Bool
  /// True if the whole backbone is trained.
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
    let last = backbone.outputLayerKeys
    backbone.freeze()
    backbone.unfreeze { key in
      everything || others(key) || (projections && backbone.isProjection(key)) || (head && last.contains(key))
    }
  }
}
