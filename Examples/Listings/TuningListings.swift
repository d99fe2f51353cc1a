import Polyphony
import Torch

/// The listings in the comments of `Sources/Polyphony/Tuning`.
public enum TuningListings {
  /// ``LoRA``
  public static func lora(_ model: MultimodalModel) throws(Fault) {
    let recipe = try SettingsTree(yaml: "{rank: 4, targets: [q, v, fc1]}", file: "recipe")
    let (lora, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try LoRA(reader) }
    let installation = try Installation(lora, on: model)
    print(model.parameterCount.trainable)
    installation.isEnabled = false  // The model computes the base's bits again.
  }

  /// ``IA3``
  public static func ia3(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "train_head: false", file: "recipe")
    let (ia3, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try IA3(reader) }
    let installation = try Installation(ia3, on: model)
    return installation
  }

  /// ``Compacter``
  public static func compacter(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "{bottleneck: 8, blocks: 2}", file: "recipe")
    let (compacter, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try Compacter(reader) }
    let installation = try Installation(compacter, on: model)
    return installation
  }

  /// ``BottleneckTuning``
  public static func adapter(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "{bottleneck: 4, variant: houlsby}", file: "recipe")
    let (adapter, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try BottleneckTuning(reader) }
    let installation = try Installation(adapter, on: model)
    return installation
  }

  /// ``PromptTuning``
  public static func prompt(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "length: 4", file: "recipe")
    let (prompt, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try PromptTuning(reader) }
    let installation = try Installation(prompt, on: model)
    return installation
  }

  /// ``PrefixTuning``
  public static func prefix(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "{length: 4, hidden: 16}", file: "recipe")
    let (prefix, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try PrefixTuning(reader) }
    let installation = try Installation(prefix, on: model)
    return installation
  }

  /// ``BitFit``
  public static func bitfit(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "train_head: true", file: "recipe")
    let (bitfit, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try BitFit(reader) }
    let installation = try Installation(bitfit, on: model)
    return installation
  }

  /// ``LowRankFusion``
  public static func lmf(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "feature_rank: 4", file: "recipe")
    let (lmf, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try LowRankFusion.make(reader) }
    let installation = try Installation(lmf, on: model)
    return installation
  }

  /// ``ConcatenationFusion``
  public static func concat(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "bottleneck: 8", file: "recipe")
    let (concat, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try ConcatenationFusion.make(reader) }
    let installation = try Installation(concat, on: model)
    return installation
  }

  /// ``CrossAttentionFusion``
  public static func crossAttention(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "bottleneck: 8", file: "recipe")
    let (attention, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
      try CrossAttentionFusion.make(reader)
    }
    let installation = try Installation(attention, on: model)
    return installation
  }

  /// ``MokA``
  public static func moka(_ model: MultimodalModel) throws(Fault) -> Installation {
    let recipe = try SettingsTree(yaml: "rank: 4", file: "recipe")
    let (moka, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try MokA.make(reader) }
    let installation = try Installation(moka, on: model)
    return installation
  }

  /// ``FullTuning``
  public static func full(_ model: MultimodalModel) throws(Fault) -> Installation {
    let installation = try Installation(FullTuning(), on: model)
    return installation
  }

  /// ``HeadTuning``
  public static func head(_ model: MultimodalModel) throws(Fault) -> Installation {
    let installation = try Installation(HeadTuning(), on: model)
    return installation
  }
}
