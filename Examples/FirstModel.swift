import Polyphony
import Torch

/// A model that is trained and scored step by step, as `TrainLife` does it for one method and one seed.
public enum FirstModel {
  /// Trains late fusion on a data set folder for two epochs, and gives its scores on the test split.
  public static func train(_ folder: String) throws(Fault) -> MetricValues {
    let dataset = try Dataset(folder)
    var configuration = ModelConfiguration(
      architecture: "late_fusion", modalities: dataset.description.modalities, task: dataset.description.task)
    let training = try dataset.labelled("train")
    configuration.normalization = FeatureStatistics.fit(training.samples, dataset.description.modalities)

    let model = try MultimodalModel(configuration)
    var settings = TrainingSettings()
    settings.epochs = 2
    _ = try Trainer(
      model, training: training, validation: try dataset.labelled("valid"), settings: settings, seed: 0
    ).run()
    return try model.evaluate(try dataset.labelled("test")).metrics
  }
}
