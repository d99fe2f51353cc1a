import Torch

/// Prompts with which a frozen model makes do without some of its modalities (MPLMM, arXiv 2407.05374).
///
/// Between embed and encode a missing modality is replaced by a sequence that is made up from those present, and the
/// signal prompts are added; type prompts are appended where the backbone's read-out attends to them
/// (`ExtraSteps`). A batch may mix all patterns: samples are grouped or masked, never visited one by one.
public final class MissingModalityPrompts: Module, Attachment {
  /// The form of the generator.
  public let form: PromptSettings.Form
  @Child("") var generator: any SequenceGenerator
  @Child("signal") var signals: SignalPrompts
  @Child("") var types: TypePrompts
  private let shape: PromptShape
  private let settings: PromptSettings

  init(
    _ configuration: ModelConfiguration, extra: ExtraSteps, form: PromptSettings.Form, _ settings: PromptSettings
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
    shape = PromptShape(configuration, extra: extra, form: form, settings)
    super.init()
    if settings.generative { generator = form == .published ? PatternGenerator(shape) : PairGenerator(shape) }
    if settings.signal || settings.type { signals = SignalPrompts(shape, areAdded: settings.signal) }
    if settings.type { types = TypePrompts(shape) }
  }

  /// Where modalities are made up, and where type prompts are appended.
  public var stages: Stages { settings.type ? shape.extra.stages.union(.embedded) : .embedded }

  /// Type prompts stand behind the modalities' own steps, and signal prompts know which step is which.
  public var sequenceEffect: SequenceEffect { settings.type ? .appendsSteps : .readsPositions }

  /// Yes.
  public var handlesMissingModalities: Bool { true }

  /// Where there are generative prompts.
  public var makesUpMissingModalities: Bool { settings.generative }

  /// Replaces what is missing and adds the signal prompts.
  public func embedded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] {
    let sources = PromptSources(inputs)
    let completed = tokens.enumerated().map { index, tokens in complete(tokens, index, sources) }
    return settings.type && shape.extra.place == .embedded ? append(completed, inputs) : completed
  }

  /// Appends the type prompts, where they are not appended before encoding.
  public func encoded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] {
    settings.type && shape.extra.place == .encoded ? append(tokens, inputs) : tokens
  }

  private func append(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] {
    ExtraSteps.append(types(signals, presence: inputs.presence), to: tokens)
  }

  private func complete(_ tokens: Tokens, _ index: Int, _ sources: PromptSources?) -> Tokens {
    var result = tokens
    if settings.signal { result.values = tokens.values + signals.spread(signals[index].present, index) }
    guard let sources, let rows = sources.rows(missing: index) else { return result }
    let made = settings.generative ? generator(index, sources) : [(rows, tokens.values.rows(rows))]
    var values = Tensor.concatenated(made.map(\.values))
    if settings.signal { values = values + signals.spread(signals[index].missing, index) }
    result.values = result.values.replacing([.concatenated(made.map(\.rows))], with: values)
    // What is made up has every step.
    result.mask = tokens.mask.map { $0 .| sources.isMissing(index).unsqueezed(1) }
    return result
  }
}
