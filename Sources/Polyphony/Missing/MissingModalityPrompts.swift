import Torch

/// Prompts with which a frozen model serves samples that lack some of its modalities (MPLMM, arXiv 2407.05374).
///
/// Between embed and encode the prompts replace a missing modality by a sequence that they make up from those present,
/// and add the signal prompts. Type prompts are appended where the backbone's read-out attends to them
/// (``Backbone/promptSite``). A batch may mix all patterns: samples are grouped or masked, never visited one by one.
public final class MissingModalityPrompts: Module, Attachment {
  /// The form of the generator.
  public let form: PromptSettings.Form
  @Child("") var generator: any SequenceGenerator
  @Child("signal") var signals: SignalPrompts
  @Child("") var types: TypePrompts
  private let shape: PromptShape
  package let settings: PromptSettings

  init(
    _ configuration: ModelConfiguration, site: PromptSite, form: PromptSettings.Form, _ settings: PromptSettings
  ) throws(Fault) {
    let names = configuration.modalities.map(\.name)
    if form == .published, names.count > PromptShape.largestPublished || names.contains(where: { $0.contains("+") }) {
      throw Fault(
        .usage, "the published form of prompts does not serve these modalities", key: "tuning.form",
        found: names.joined(separator: ", "),
        expected: "\(PromptShape.largestPublished) modalities or fewer, without + in their names",
        remedy: "use the form shared")
    }
    (self.form, self.settings) = (form, settings)
    shape = PromptShape(configuration, site: site, form: form, settings)
    super.init()
    if settings.generative { generator = form == .published ? PatternGenerator(shape) : PairGenerator(shape) }
    if settings.signal || settings.type { signals = SignalPrompts(shape, areAdded: settings.signal) }
    if settings.type { types = TypePrompts(shape) }
  }

  /// The stages at which type prompts are appended.
  public var stages: Stages { settings.type ? shape.site.stages : [] }

  /// Type prompts are appended behind the modalities' own steps, and signal prompts have a value for each step.
  public var sequenceEffect: SequenceEffect { settings.type ? .appendsSteps : .readsPositions }

  /// Samples may lack modalities.
  public var handlesMissingModalities: Bool { true }

  /// Generative prompts make up missing modalities.
  public var makesUpMissingModalities: Bool { settings.generative }

  /// Replaces what is missing and adds the signal prompts.
  public func embedded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    let sources = PromptSources(context.inputs)
    let completed = tokens.enumerated().map { index, tokens in complete(tokens, index, sources) }
    return settings.type && shape.site.stage == .embedded ? append(completed, context.inputs) : completed
  }

  /// Appends the type prompts, where they are not appended before encoding.
  public func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    settings.type && shape.site.stage == .encoded ? append(tokens, context.inputs) : tokens
  }

  private func append(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] {
    PromptSite.append(types(signals, presence: inputs.presence), to: tokens)
  }

  private func complete(_ tokens: Tokens, _ index: Int, _ sources: PromptSources?) -> Tokens {
    var result = tokens
    if settings.signal { result.values = tokens.values + signals.spread(signals[index].present, index) }
    guard let sources, let rows = sources.rows(missing: index) else { return result }
    let made = settings.generative ? generator(index, sources) : [(rows, tokens.values.rows(rows))]
    var values = Tensor.concatenated(made.map(\.values))
    if settings.signal { values = values + signals.spread(signals[index].missing, index) }
    result.values = result.values.replacing([.concatenated(made.map(\.rows))], with: values)
    // A made-up sequence has every step.
    result.mask = tokens.mask.map { $0 .| sources.isMissing(index).unsqueezed(1) }
    return result
  }
}
