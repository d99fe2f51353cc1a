import Torch

/// Missing-aware prompts (MAP, Lee et al. 2023): a prompt of its own for each pattern of what is present.
///
/// P further steps `[P, width]` for each of the 2^M − 1 patterns and each modality, appended where type prompts are
/// (``PromptSite``). A missing modality is zero. The number of parameters grows with the patterns, that of type prompts
/// with the modalities.
package final class MissingAwarePrompts: Module, Attachment {
  /// `[2^M − 1, M, P, width]`; the pattern with code Σ_m 2^m·present_m has row code − 1.
  @Parameter var prompts: Tensor
  private let site: PromptSite

  init(_ configuration: ModelConfiguration, site: PromptSite, length: Int) {
    self.site = site
    super.init()
    let count = configuration.modalities.count
    prompts = .normal([(1 << count) - 1, count, length, site.width]) * 0.02
  }

  package var stages: Stages { site.stages }
  package var handlesMissingModalities: Bool { true }
  package var sequenceEffect: SequenceEffect { .appendsSteps }

  package func embedded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    site.stage == .embedded ? PromptSite.append(steps(context.inputs), to: tokens) : tokens
  }

  package func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    site.stage == .encoded ? PromptSite.append(steps(context.inputs), to: tokens) : tokens
  }

  private func steps(_ inputs: Inputs) -> Tensor {
    let patterns = prompts.size(0)
    guard let presence = inputs.presence else { return prompts.slice(0, patterns - 1) }
    let digits = Tensor((0..<prompts.size(1)).map { 1 << $0 }).to(presence.device)
    return prompts.rows(((presence.to(.int64) * digits).sum(1) - 1).clamped(0, nil).to(.int64))
  }
}

/// The tuning method `missing_aware_prompts`: it trains the prompts, the projections and the last layer.
public final class MissingAwareTuning: TuningMethod {
  private let length: Int
  private let parts: TrainableParts

  /// Settings: `length` (steps of a prompt), `projections`, `head`.
  public init(_ reader: SettingsReader) throws(Fault) {
    length = try reader.int("length", default: 16, in: 1...1024)
    parts = try TrainableParts(reader)
  }

  /// True, since a probe shows the shapes of the model's stages.
  public var runsModelToInstall: Bool { true }

  /// Attaches the prompts and freezes the rest.
  /// - Throws: `Fault(.usage)` for a backbone that takes no prompts, and for more than six modalities, which have too many
  ///   patterns.
  public func install(on model: MultimodalModel) throws(Fault) {
    let site = try PromptSite(probing: model, method: "missing_aware_prompts")
    let count = model.configuration.modalities.count
    guard count <= PromptShape.largestPublished else {
      throw Fault(
        .usage, "one prompt for each pattern is too many for this model", key: "missing_aware_prompts",
        found: "\(count) modalities, \((1 << min(count, 62)) - 1) patterns",
        expected: "\(PromptShape.largestPublished) modalities or fewer", remedy: "use the method prompts")
    }
    model.attach(MissingAwarePrompts(model.configuration, site: site, length: length))
    parts.apply(to: model.backbone)
  }
}
