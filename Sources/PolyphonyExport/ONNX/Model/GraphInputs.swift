import Polyphony
import Torch

/// The inputs of a graph, in the model's order.
struct GraphInputs {
  /// `[B, L, features]`, `[B, features]` or `[B, C, H, W]`.
  var values: [GraphTensor]
  /// The real steps of each sample, `[B]`; nil for vectors and images.
  var lengths: [GraphTensor?]
  /// True where a sample has a modality, `[B, M]`; nil for a method that finds every modality made up.
  var presence: GraphTensor?

  /// Declares the inputs of a model.
  init(of configuration: ModelConfiguration, _ builder: GraphBuilder) {
    let batch = GraphBuilder.Dimension.free("batch")
    values = configuration.modalities.map { modality in
      var dimensions = modality.sampleShape.map(GraphBuilder.Dimension.fixed)
      if modality.kind == .sequence { dimensions[0] = .free("\(modality.name).steps") }
      return builder.input(
        modality.name, .float, [batch] + dimensions, comment: "\(modality.kind.rawValue), not standardised")
    }
    lengths = configuration.modalities.map { modality in
      guard modality.kind == .sequence else { return nil }
      return builder.input("\(modality.name).length", .int64, [batch], comment: "real steps of each sample")
    }
    let names = configuration.modalities.map(\.name).joined(separator: ", ")
    presence =
      builder.input(
        "presence", .float, [batch, .fixed(values.count)], comment: "1 where a sample has \(names), 0 where it lacks it"
      ).booleans
  }

  /// True for the samples that have a modality, `[B]`.
  func isPresent(_ index: Int) -> GraphTensor? { presence?.select(1, index) }

  /// True for the real steps of a modality, `[B, L]`. The first step is always real.
  func mask(_ index: Int) -> GraphTensor? {
    lengths[index].map { length in
      .range(values[index].size(1)) .< length.clamped(length.builder.constant(1)).unsqueezed(1)
    }
  }

  /// The same inputs, in which each sequence has all steps of the model, with zeros for those that a caller leaves out.
  func padded(to configuration: ModelConfiguration) -> GraphInputs {
    var result = self
    for (index, modality) in configuration.modalities.enumerated() where modality.kind == .sequence {
      let x = values[index]
      let missing = x.builder.constant([modality.steps]) - x.size(1)
      let none = x.builder.constant([0])
      result.values[index] = x.padded(1, before: none, behind: missing.clamped(none))
    }
    return result
  }

  /// Standardises the features, then puts zeros where a modality is missing.
  ///
  /// A missing modality counts as of full length. Missing cells become the training mean of their feature. Modalities
  /// that the configuration does not let the model read count as missing.
  func standardized(by configuration: ModelConfiguration) -> GraphInputs {
    var result = self
    let builder = values[0].builder
    if let visible = configuration.only {
      let seen = Tensor(configuration.modalities.map { visible.contains($0.name) }, shape: [1, values.count])
      result.presence = presence.map { $0 .& builder.constant(seen) }
    }
    for (index, modality) in configuration.modalities.enumerated() {
      let isImage = modality.kind == .image
      let shape = isImage ? [modality.statisticsCount, 1, 1] : [modality.statisticsCount]
      var x = values[index]
      let statistics = configuration.normalization?[modality.name]
      if let statistics {
        let names = "normalization.\(modality.name)"
        x =
          (x - builder.initializer("\(names).mean", Tensor(statistics.mean, shape: shape)))
          / builder.initializer("\(names).std", Tensor(statistics.deviation, shape: shape))
      }
      if modality.missingCells != nil {
        let means = statistics == nil ? configuration.cellMeans?[modality.name] : nil
        let fill = means.map { Tensor($0, shape: shape) } ?? .zeros(shape)
        x = builder.constant(fill).selected(where: x.node("IsNaN"), otherwise: x)
      }
      if let present = result.isPresent(index) {
        let axes = Array(1...modality.sampleShape.count)
        x = x.filled(0, where: .!present.node("Unsqueeze", builder.constant(axes)))
        result.lengths[index] = lengths[index]?.selected(where: present, otherwise: x.size(1))
      }
      result.values[index] = x
    }
    return result
  }
}
