import Torch

/// The tuning method `prompts`: prompts for missing modalities on a frozen base (MPLMM, arXiv 2407.05374).
///
/// The method trains the prompts, the projections and the last layer. The backbone's prompt site chooses the form:
/// ``MissingModalityPrompts`` for sequences, ``MapPrompts`` for images. `prompted_mult` has prompts of its own, and the method
/// trains those.
public final class MissingPromptTuning: TuningMethod {
  private let settings: PromptSettings
  private let parts: TrainableParts
  private let distillation: CompleteSampleDistillation?

  /// Settings: those of ``PromptSettings``, `projections` and `head`. `distillation` is the weight λ of a loss that pulls
  /// the representation of an incomplete sample towards that of the complete one; 0, the default, leaves it out.
  public init(_ reader: SettingsReader, _ configuration: ModelConfiguration) throws(Fault) {
    settings = try PromptSettings(reader, configuration)
    parts = try TrainableParts(reader)
    let weight = try reader.double("distillation", default: 0, in: 0...)
    distillation = weight > 0 ? CompleteSampleDistillation(weight: weight) : nil
  }

  /// The task's loss with that of distillation.
  public var stepHook: (any StepHook)? { distillation }

  /// True, since a probe shows the shapes of the model's stages.
  public var runsModelToInstall: Bool { true }

  /// Attaches the prompts and freezes the rest.
  /// - Throws: `Fault(.usage)` for a model of one modality, and for a backbone that takes no prompts.
  public func install(on model: MultimodalModel) throws(Fault) {
    if let prompted = model.backbone.core as? PromptedCrossModal {
      parts.apply(to: model.backbone, and: prompted.isPrompt)
      return
    }
    if model.backbone.promptSite?.stage == .maps {
      model.attach(MapPrompts(try MapShape(of: model, method: "prompts"), settings))
      parts.apply(to: model.backbone)
      return
    }
    try model.checkEmbedding(for: "prompts")
    let site =
      try settings.type
      ? PromptSite(probing: model, method: "prompts") : PromptSite(.embedded, width: model.configuration.width)
    let form = PromptShape.form(model.configuration, settings, backbone: model.backbone.parameterCount.total)
    let prompts = try MissingModalityPrompts(model.configuration, site: site, form: form, settings)
    model.attach(prompts)
    parts.apply(to: model.backbone)
  }
}
