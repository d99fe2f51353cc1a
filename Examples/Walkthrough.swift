import Polyphony
import Torch

/// The settings with which the walkthrough trains what it has built.
public enum Walkthrough {
  /// A recipe that names a backbone and a balancing rule of one's own, as it names those that come along.
  public static let recipe = """
    model: {architecture: gated_fusion, width: 16, heads: 2, layers: 1}
    training: {epochs: 8, batch_size: 16, learning_rate: 0.003, select: accuracy}
    balance: {equalized: {strength: 0.5}}
    """

  /// Makes both known, then trains with and without the rule, over two seeds.
  public static func train(_ data: String, to output: String) throws(Fault) -> [RunResult] {
    GatedFusion.register()
    EqualizedGradients.register()
    let life = TrainLife(
      recipe: try SettingsTree(yaml: recipe, file: "recipe"), data: data, methods: ["joint", "equalized"])
    return try MethodGrid(life, output: output, seeds: [0, 1]).run().results
  }
}
