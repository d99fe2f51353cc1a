import Torch

/// Standardises features with the statistics in a configuration, then puts zeros where a modality is missing.
///
/// A configuration may name the modalities that the model reads (`only`); all others count as missing then. Zero is the
/// training mean, so that a backbone without a method for missing modalities gets an average sample (zero fill). A missing
/// modality counts as of full length, because its length is unknown. Lost steps become zeros too.
///
/// Missing cells (NaN) become zeros after standardisation. Without it they become the training mean of their feature. Only
/// modalities that may have missing cells are searched for them.
struct InputNormalization {
  private let statistics: [(mean: Tensor, deviation: Tensor)?]
  private let kinds: [Modality.Kind]
  private let visible: [Bool]?
  private let cellFill: [[Float]?]

  init(_ configuration: ModelConfiguration) {
    kinds = configuration.modalities.map(\.kind)
    visible = configuration.only.map { names in configuration.modalities.map { names.contains($0.name) } }
    statistics = configuration.modalities.map { modality in
      configuration.normalization?[modality.name].map { (Tensor($0.mean), Tensor($0.deviation)) }
    }
    cellFill = configuration.modalities.map { modality in
      guard modality.missingCells != nil else { return nil }
      let zeros = [Float](repeating: 0, count: modality.statisticsCount)
      return configuration.normalization?[modality.name] == nil
        ? configuration.cellMeans?[modality.name] ?? zeros : zeros
    }
  }

  /// - Parameter isStandardized: true for each modality whose features are standardised already.
  func callAsFunction(_ inputs: Inputs, isStandardized: [Bool]? = nil) -> Inputs {
    let inputs = visible.map { inputs.keeping($0) } ?? inputs
    var result = inputs
    for index in inputs.modalities.indices {
      if let (mean, deviation) = statistics[index], isStandardized?[index] != true {
        result.modalities[index] = Self.standardised(inputs.modalities[index], mean, deviation, kinds[index])
      }
      if let fill = cellFill[index] {
        result.modalities[index] = result.modalities[index].fillingMissingCells(fill, kinds[index])
      }
      if let kept = inputs.kept[index] {
        result.modalities[index] = result.modalities[index].filled(0, where: (.!kept).unsqueezed(2))
      }
      if let present = inputs.isPresent(index) {
        let x = result.modalities[index]
        let shape = [x.size(0)] + Array(repeating: 1, count: x.rank - 1)
        result.modalities[index] = x.filled(0, where: (.!present).reshaped(to: shape))
        result.lengths[index] = inputs.lengths[index].map { lengths in
          lengths.selected(where: present, otherwise: .full([], Double(x.size(1)), dtype: .int64, device: x.device))
        }
      }
    }
    return result
  }

  private static func standardised(
    _ x: Tensor, _ mean: Tensor, _ deviation: Tensor, _ kind: Modality.Kind
  ) -> Tensor {
    if !kind.isMapped, let fused = Fused.standardised(x, mean: mean, deviation: deviation) { return fused }
    let shape = kind.featureShape
    return (x - mean.to(x.device).reshaped(to: shape)) / deviation.to(x.device).reshaped(to: shape)
  }
}
