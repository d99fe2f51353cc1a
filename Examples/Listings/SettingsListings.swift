import Polyphony

/// The listings in the comments of `PolyphonySettings`, compiled.
public enum SettingsListings {
  struct Training {
    var epochs: Int
    var rate: Double
  }

  /// Reads a recipe, changes a value and prints both forms.
  public static func tree() throws(Fault) -> SettingsTree {
    var recipe = try SettingsTree(yaml: "training: {epochs: 30, rate: 1e-3}", file: "recipe.yaml")
    try recipe.override("training.epochs=4")
    print(recipe.yaml(), recipe.json["training"]?.text() ?? "")
    return recipe
  }

  static func read(_ tree: SettingsTree) throws(Fault) -> (Training, SettingsTree) {
    let (training, resolved) = try SettingsReader.read(tree) { (recipe) throws(Fault) in
      try recipe.section("training") { (section) throws(Fault) in
        Training(
          epochs: try section.int("epochs", default: 30, in: 1...),
          rate: try section.double("rate", default: 1e-3, in: Above(0)))
      }
    }
    return (training, resolved)
  }
}
