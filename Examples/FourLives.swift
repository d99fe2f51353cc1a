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
    var life = TrainLife(
      recipe: try SettingsTree(yaml: recipe, file: "recipe"), data: data, methods: ["joint", "cggm"])
    life.measuresModalities = true
    return try MethodGrid(life, output: output, seeds: [0, 1]).run().results
  }

  /// Tunes a frozen model with Wander, and says what that took.
  public static func tune(_ base: String, _ data: String) throws(Fault) -> (trained: Int, of: Int) {
    let recipe = """
      tuning: {bottleneck: 8, feature_rank: 4, token_rank: 4}
      training: {epochs: 2}
      """
    let life = TuneLife(
      model: base, recipe: try SettingsTree(yaml: recipe, file: "recipe"), data: .folder(data), methods: ["wander"])
    let tuned = try life.prepare().run("wander")
    let model = tuned.installation.model
    let count = model.parameterCount

    // Switched off, the model is the base, bit for bit.
    tuned.installation.isEnabled = false
    return (count.trainable, count.total)
  }

  /// Trains prompts on samples that lack modalities, and scores base and prompts over growing rates.
  public static func surviveMissing(
    _ base: String, _ data: String, to folder: String
  ) throws(Fault) -> (base: MissingSweep, prompts: MissingSweep) {
    let recipe = try SettingsTree(yaml: "training: {epochs: 2}", file: "recipe")
    var life = TuneLife(model: base, recipe: recipe, data: .folder(data), methods: ["prompts"])
    life.condition.missing = .sample(0.7)
    let tuned = try life.prepare().run("prompts", folder: try RunFolder(folder, existing: .overwrite))

    let plan = try MissingPlan("sample:0,0.3,0.6")
    let test = try Dataset(data).labelled("test")
    let model = tuned.installation.model
    let prompts = try MissingSweep(model, test, plan)
    tuned.installation.isEnabled = false
    return (try MissingSweep(model, test, plan), prompts)
  }

  /// Adapts to samples without labels: the split that a method is given has none.
  public static func adapt(_ base: String, _ target: String) throws(Fault) -> AdaptationOutcome {
    let recipe = """
      adaptation: {contrast_epochs: 2, snapshot_interval: 1, pseudo_epochs: 1, learning_rate: 0.0003}
      """
    let life = try AdaptLife(
      model: base, recipe: try SettingsTree(yaml: recipe, file: "recipe"), data: target, methods: ["casp"])
    return try life.prepare().run("casp").outcome
  }
}
