import Torch

/// The balancing strategies by name.
///
/// A new built-in strategy needs one more line here. A client adds its own with ``register(_:_:)``.
///
/// ```swift
/// BalancingMethods.register("strong-cggm") { (_, model) throws(Fault) in
///   var settings = CGGMSettings()
///   settings.lambda = 0.5
///   return try ClassifierGuidedModulation(settings, model)
/// }
/// ```
public enum BalancingMethods {
  /// Makes a strategy from its settings (the section `balance` of a recipe) for a model.
  public typealias Maker = @Sendable (SettingsReader, MultimodalModel) throws(Fault) -> any StepHook

  private static let registry = Registry<Maker>([
    ("joint", { (_, _) throws(Fault) in JointTraining() }),
    ("unimodal", { (reader, model) throws(Fault) in try own("unimodal", reader, model, UnimodalTraining.init) }),
    (
      "mrd",
      { (reader, model) throws(Fault) in
        try own("mrd", reader, model) { (section, _) throws(Fault) in try ModalityRandomDropout(section) }
      }
    ),
    ("mslr", { (reader, model) throws(Fault) in try own("mslr", reader, model, ModalityLearningRates.init) }),
    ("ogm-ge", { (reader, model) throws(Fault) in try own("ogm_ge", reader, model, OnTheFlyModulation.init) }),
    ("agm", { (reader, model) throws(Fault) in try own("agm", reader, model, AdaptiveModulation.init) }),
    ("pmr", { (reader, model) throws(Fault) in try own("pmr", reader, model, PrototypicalRebalance.init) }),
    (
      "gradient-blending",
      { (reader, model) throws(Fault) in try own("gradient_blending", reader, model, GradientBlending.init) }
    ),
    ("mmpareto", { (reader, model) throws(Fault) in try own("mmpareto", reader, model, ParetoGradients.init) }),
    ("arl", { (reader, model) throws(Fault) in try own("arl", reader, model, AsymmetricLearning.init) }),
    ("g2d", { (reader, model) throws(Fault) in try own("g2d", reader, model, GradientGuidedDistillation.init) }),
    ("cggm", { (reader, model) throws(Fault) in try cggm(reader, model) }),
    ("cggm-magnitude", { (reader, model) throws(Fault) in try cggm(reader, model, .magnitude) }),
    ("cggm-direction", { (reader, model) throws(Fault) in try cggm(reader, model, .direction) }),
    ("cggm-teaching", { (reader, model) throws(Fault) in try cggm(reader, model, defaults: .teaching) }),
    ("balanced", { (reader, model) throws(Fault) in try own("balanced", reader, model, balanced) }),
    ("cggm-watch", { (reader, model) throws(Fault) in try cggm(reader, model, .watch) }),
  ])

  /// Makes a strategy whose settings have a section of their own, so that one run can compare several strategies.
  private static func own(
    _ section: String, _ reader: SettingsReader, _ model: MultimodalModel,
    _ make: (SettingsReader, MultimodalModel) throws(Fault) -> any StepHook
  ) throws(Fault) -> any StepHook {
    try reader.section(section) { (section) throws(Fault) in try make(section, model) }
  }

  private static func cggm(
    _ reader: SettingsReader, _ model: MultimodalModel, _ parts: CGGMSettings.Parts? = nil,
    defaults: CGGMSettings = .init()
  ) throws(Fault) -> any StepHook {
    let settings = try reader.section("cggm") { (section) throws(Fault) in
      try CGGMSettings(section, defaults: defaults, parts: parts)
    }
    return try ClassifierGuidedModulation(settings, model)
  }

  private static func balanced(_ section: SettingsReader, _ model: MultimodalModel) throws(Fault) -> any StepHook {
    try ClassifierGuidedModulation(CGGMSettings(section, defaults: .balanced), model)
  }

  /// Makes the strategy `unimodal:NAME` for the modality with this name.
  private static func unimodal(_ name: String) -> Maker? {
    let prefix = "unimodal:"
    guard name.hasPrefix(prefix) else { return nil }
    return { (_, model) throws(Fault) in try UnimodalTraining(String(name.dropFirst(prefix.count)), model) }
  }

  /// The names of all strategies.
  public static var names: [String] { registry.names }

  /// Adds a strategy from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) { registry[name] = make }

  /// The maker of the strategy with this name.
  /// - Throws: `Fault(.usage)` for an unknown name, with the nearest known one.
  public static func maker(_ name: String) throws(Fault) -> Maker {
    if registry[name] == nil, let make = unimodal(name) { return make }
    return try registry.value(name, "unknown balancing strategy", key: "--balance")
  }
}
