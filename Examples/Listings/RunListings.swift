import Polyphony
import Torch

/// What the comments of lives, grids and models show.
public enum RunListings {
  /// Trains two strategies over five seeds.
  public static func train(_ recipe: SettingsTree) throws(Fault) -> [RunResult] {
    let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
    let rows = try MethodGrid(life, output: "runs/mosi", seeds: [0, 1, 2, 3, 4]).run().results
    return rows
  }

  /// Trains one model in memory.
  public static func trainOne(_ recipe: SettingsTree) throws(Fault) -> MultimodalModel {
    let life = TrainLife(recipe: recipe, data: "mosi", methods: ["joint", "cggm"])
    let model = try life.prepare().run("cggm", seed: 0).model
    return model
  }

  /// Tunes a base, and switches the method off.
  public static func tune() throws(Fault) {
    let life = TuneLife(model: "runs/base/model", data: .folder("mosi"), methods: ["lora", "wander"])
    let tuned = try life.prepare().run("wander", seed: 0)
    tuned.installation.isEnabled = false  // the base again, bit for bit
  }

  /// Adapts a model to samples without labels.
  public static func adapt() throws(Fault) -> AdaptationOutcome {
    let life = try AdaptLife(model: "runs/base/model", data: "target", methods: ["casp"])
    let outcome = try life.prepare().run("casp").outcome
    return outcome
  }

  /// Installs LoRA for a training loop of one's own.
  public static func install() throws(Fault) {
    let base = try ModelWithAdapter("runs/base/model")
    let (installation, description) = try base.install("lora", seed: 0)
    // … train `installation.model` …
    try AdapterFolder.write(installation, description, to: "runs/lora/adapter")
  }
}
