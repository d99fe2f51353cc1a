import Polyphony
import Torch

/// The four lives of a model as library calls: trained balanced, tuned cheaply, made to survive missing modalities,
/// adapted where it is deployed. The articles of the documentation show these functions.
public enum FourLives {
  /// A small model and few epochs, so that everything here is done in seconds.
  public static let recipe = """
    model: {architecture: encoder_fusion, width: 16, heads: 2, layers: 3}
    training: {epochs: 4, batch_size: 32, learning_rate: 0.003}
    balance: {cggm: {rho: 1.5, lambda: 0.1}}
    """

  /// Trains with joint training and with CGGM, and gives a row of test scores for each.
  public static func trainBalanced(_ data: String, to output: String) throws(Fault) -> [RunResult] {
    var training = TrainingRun(
      recipe: try SettingsTree(yaml: recipe, file: "recipe"), data: data, output: output,
      strategies: ["joint", "cggm"], seeds: [0, 1])
    training.measuresModalities = true
    return try training.run().results
  }

  /// Tunes a frozen model with Wander, and says what that took.
  public static func tune(_ base: String, _ data: String) throws(Fault) -> (trained: Int, of: Int) {
    let dataset = try Dataset(data)
    var settings = TrainingSettings()
    settings.epochs = 2
    let tuning = TuningRun(
      base: base, method: "wander",
      settings: try SettingsTree(yaml: "{bottleneck: 8, feature_rank: 4, token_rank: 4}", file: "wander"),
      training: settings)
    let result = try tuning.run(training: try dataset.labelled("train"), validation: try dataset.labelled("valid"))
    let model = result.installation.model
    let count = model.parameterCount

    // Switched off, the model is the base, bit for bit.
    result.installation.isEnabled = false
    return (count.trainable, count.total)
  }

  /// Trains prompts on samples that lack modalities, and scores base and prompts over growing rates.
  public static func surviveMissing(
    _ base: String, _ data: String, to folder: String
  ) throws(Fault) -> (base: MissingSweep, prompts: MissingSweep) {
    let dataset = try Dataset(data)
    var settings = TrainingSettings()
    settings.epochs = 2
    let tuning = TuningRun(base: base, method: "prompts", training: settings, missing: .sample(0.7))
    let result = try tuning.run(
      training: try dataset.labelled("train"), validation: try dataset.labelled("valid"),
      folder: try RunFolder(folder, existing: .overwrite))

    let plan = try MissingPlan("sample:0,0.3,0.6")
    let test = try dataset.labelled("test")
    let prompts = try MissingSweep(result.installation.model, test, plan)
    result.installation.isEnabled = false
    return (try MissingSweep(result.installation.model, test, plan), prompts)
  }

  /// Adapts to samples without labels: the split that a method is given has none.
  public static func adapt(_ base: String, _ target: String) throws(Fault) -> AdaptationOutcome {
    let samples = try Dataset(target).unlabelled("train")
    let adaptation = AdaptationRun(
      base: base, method: "casp",
      settings: try SettingsTree(
        yaml: "{contrast_epochs: 2, snapshot_interval: 1, pseudo_epochs: 1, learning_rate: 0.0003}", file: "casp"))
    return try adaptation.run(on: samples).outcome
  }
}
