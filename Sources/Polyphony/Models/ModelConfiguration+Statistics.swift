import Torch

extension ModelConfiguration {
  /// Takes means and deviations from a training split.
  ///
  /// Without standardisation the configuration keeps the means of those modalities that may have missing cells, because
  /// a missing cell becomes the mean of its feature.
  mutating func takeStatistics(of training: UnlabelledSplit, _ modalities: [Modality], standardizes: Bool) {
    if standardizes {
      normalization = FeatureStatistics.fit(training, modalities)
      return
    }
    for (index, modality) in modalities.enumerated() where modality.missingCells != nil {
      cellMeans = cellMeans ?? [:]
      cellMeans?[modality.name] = FeatureStatistics.fit(training, modality: index, kind: modality.kind).mean
    }
  }

  /// The training means of a modality, if the model keeps them.
  func means(of modality: String) -> [Float]? { normalization?[modality]?.mean ?? cellMeans?[modality] }
}
