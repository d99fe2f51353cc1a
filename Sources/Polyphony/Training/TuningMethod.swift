import Torch

/// A method that trains a small part of a model, or a part beside it, and can be saved apart from the base.
///
/// Prompts, low-rank adapters and test-time adaptation are all of this kind: they freeze the base, unfreeze or add
/// some tensors, and what they train is what an adapter folder holds.
///
/// A method changes a model only through what `ModelState` knows: attachments, the tensors, gradient flags and
/// reparametrizations of stored tensors, and the adapters of encoder layers. So every method can be switched off and on
/// by an ``Installation``, without a line of its own for it.
public protocol TuningMethod: AnyObject {
  /// Freezes the base except for what is to be trained, and attaches what is added.
  /// - Throws: `Fault(.usage)` where the method cannot serve this model.
  func install(on model: MultimodalModel) throws(Fault)
  /// Learns from the training split what is no matter of gradients, such as means, and keeps it in buffers; after
  /// ``install(on:)`` and before training.
  func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault)
  /// What the method adds to a training step; nil for the task's loss alone. Asked for after ``install(on:)``.
  var strategy: (any BalancingStrategy)? { get }
}

extension TuningMethod {
  /// Nothing.
  public func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault) {}
  /// None.
  public var strategy: (any BalancingStrategy)? { nil }
}

/// The tuning methods by name; a further one is one more line, here or from outside through ``register(_:_:)``.
public enum TuningMethods {
  /// Makes a method from its settings (the section `tuning` of a recipe) for models of a configuration.
  ///
  /// The settings that were read, with all defaults, are what an adapter folder keeps to make the method again.
  public typealias Maker = @Sendable (SettingsReader, ModelConfiguration) throws(Fault) -> any TuningMethod

  private static let builtIn: [(name: String, make: Maker)] = [
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
    ("wander", { (settings, _) throws(Fault) in try Wander.make(settings) }),
    ("prompts", { (settings, _) throws(Fault) in try MissingPromptTuning(settings) }),
    ("zero_fill", { (settings, _) throws(Fault) in try FillTuning(settings, mean: false, trained: .none) }),
    ("mean_fill", { (settings, _) throws(Fault) in try FillTuning(settings, mean: true, trained: .none) }),
    // What makes it dropout is that the run takes modalities away in training: any run with a missing protocol.
    ("modality_dropout", { (settings, _) throws(Fault) in try FillTuning(settings, mean: false, trained: .all) }),
    ("missing_aware_prompts", { (settings, _) throws(Fault) in try MissingAwareTuning(settings) }),
    ("reconstruction", { (settings, _) throws(Fault) in try ReconstructionTuning(settings) }),
  ]

  private static let added = Registry<Maker>()

  /// All names.
  public static var names: [String] { builtIn.map(\.name) + added.names }

  /// Adds a method from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) { added[name] = make }

  /// The maker of a name.
  /// - Throws: `Fault(.usage)` for an unknown name, with the nearest known one.
  public static func maker(_ name: String) throws(Fault) -> Maker {
    if let make = builtIn.first(where: { $0.name == name })?.make ?? added[name] { return make }
    throw Fault(
      .usage, "unknown tuning method", key: "--method", found: name, expected: names.joined(separator: ", "),
      remedy: Suggestion.question(for: name, among: names))
  }

  /// The maker of a name in an adapter folder: a tuning method, or an adaptation whose tensors are to be put back.
  /// - Throws: `Fault(.usage)` for an unknown name.
  static func restorer(_ name: String) throws(Fault) -> Maker {
    if let make = AdaptationMethods.restoration(name) { return make }
    return try maker(name)
  }
}
