import Torch

/// The tuning methods by name.
///
/// A new built-in method needs one more line here. A client adds its own with ``register(_:_:)``.
///
/// ```swift
/// TuningMethods.register("output-bias") { (_, _) throws(Fault) in OutputBiasTuning() }
/// let life = TuneLife(model: "runs/base/model", data: .folder("mosi"), methods: ["bitfit", "output-bias"])
/// ```
public enum TuningMethods {
  /// Makes a method from its settings (the section `tuning` of a recipe) for models of a configuration.
  ///
  /// An adapter folder keeps the settings, with every default filled in, in order to make the method again.
  public typealias Maker = @Sendable (SettingsReader, ModelConfiguration) throws(Fault) -> any TuningMethod

  private static let registry = Registry<Maker>([
    ("full", { (_, _) throws(Fault) in FullTuning() }),
    ("head", { (_, _) throws(Fault) in HeadTuning() }),
    ("bitfit", { (settings, _) throws(Fault) in try BitFit(settings) }),
    ("lora", { (settings, _) throws(Fault) in try LoRA(settings) }),
    ("adapter", { (settings, _) throws(Fault) in try BottleneckTuning(settings) }),
    ("prompt", { (settings, _) throws(Fault) in try PromptTuning(settings) }),
    ("prefix", { (settings, _) throws(Fault) in try PrefixTuning(settings) }),
    ("ia3", { (settings, _) throws(Fault) in try IA3(settings) }),
    ("compacter", { (settings, _) throws(Fault) in try Compacter(settings) }),
    ("lmf", { (settings, _) throws(Fault) in try LowRankFusion.make(settings) }),
    ("concat", { (settings, _) throws(Fault) in try ConcatenationFusion.make(settings) }),
    ("cross_attention", { (settings, _) throws(Fault) in try CrossAttentionFusion.make(settings) }),
    ("moka", { (settings, _) throws(Fault) in try MokA.make(settings) }),
    ("wander", { (settings, _) throws(Fault) in try Wander.make(settings) }),
    ("prompts", { (settings, model) throws(Fault) in try MissingPromptTuning(settings, model) }),
    ("zero_fill", { (settings, _) throws(Fault) in try FillTuning(settings, mean: false, trained: .none) }),
    ("mean_fill", { (settings, _) throws(Fault) in try FillTuning(settings, mean: true, trained: .none) }),
    // The run itself drops modalities in training, according to its missing protocol.
    ("modality_dropout", { (settings, _) throws(Fault) in try FillTuning(settings, mean: false, trained: .all) }),
    // Modality dropout as MPLMM's paper has it: the body stays frozen.
    (
      "frozen_modality_dropout",
      { (settings, _) throws(Fault) in try FillTuning(settings, mean: false, trained: .head) }
    ),
    ("missing_aware_prompts", { (settings, _) throws(Fault) in try MissingAwareTuning(settings) }),
    ("reconstruction", { (settings, _) throws(Fault) in try ReconstructionTuning(settings) }),
    ("shared_specific", { (settings, _) throws(Fault) in try SharedSpecificTuning(settings) }),
    ("retrieval", { (settings, _) throws(Fault) in try RetrievalTuning(settings) }),
  ])

  /// The names of all methods.
  public static var names: [String] { registry.names }

  /// Adds a method from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) { registry[name] = make }

  /// True for a method of this library, or the restoration of one of its adaptations.
  static func isBuiltIn(_ name: String) -> Bool { registry.isBuiltIn(name) || AdaptationMethods.isBuiltIn(name) }

  /// The maker of the method with this name.
  ///
  /// `ceiling:NAME` trains with labels what the adaptation NAME changes without. So its score is what that adaptation can
  /// reach at best.
  /// - Throws: `Fault(.usage)` for an unknown name, with the nearest known one.
  public static func maker(_ name: String) throws(Fault) -> Maker {
    let prefix = "ceiling:"
    if name.hasPrefix(prefix) {
      return AdaptationMethods.restoring(try AdaptationMethods.maker(String(name.dropFirst(prefix.count))))
    }
    return try registry.value(name, "unknown tuning method", key: "--method")
  }

  /// The maker of the method in an adapter folder: a tuning method, or the restoration of an adaptation's tensors.
  /// - Throws: `Fault(.usage)` for an unknown name.
  static func restorer(_ name: String) throws(Fault) -> Maker {
    try AdaptationMethods.isKnown(name)
      ? AdaptationMethods.restoring(AdaptationMethods.maker(name)) : maker(name)
  }
}
