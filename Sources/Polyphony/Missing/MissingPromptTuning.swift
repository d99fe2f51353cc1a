import Torch

/// The tuning method `prompts`: prompts for missing modalities on a frozen base (MPLMM, arXiv 2407.05374).
///
/// Trained are the prompts, the projections and the last layer. On `prompted_mult`, which has prompts of its own,
/// those are trained.
public final class MissingPromptTuning: TuningMethod {
  private let settings: PromptSettings
  private let parts: TrainableParts

  /// Settings: those of ``PromptSettings``, `projections` and `head`.
  public init(_ reader: SettingsReader) throws(Fault) {
    settings = try PromptSettings(reader)
    parts = try TrainableParts(reader)
  }

  /// Attaches the prompts and freezes the rest.
  public func install(on model: MultimodalModel) throws(Fault) {
    if let prompted = model.backbone as? PromptedCrossModal {
      parts.apply(to: prompted, and: prompted.isPrompt)
      return
    }
    let extra = try ExtraSteps(model.backbone, method: "prompts")
    let form = PromptShape.form(model.configuration, settings, backbone: model.backbone.parameterCount.total)
    let prompts = try MissingModalityPrompts(model.configuration, extra: extra, form: form, settings)
    model.attach(prompts)
    parts.apply(to: model.backbone)
  }
}
