import Torch

/// Prompt tuning: trained steps before each modality's projected sequence (Lester et al. 2021), and the head.
///
/// x_m ← [P_m ; x_m] with P_m `[P, width]`, read by the first encoders that the sequence meets, then taken out again, so
/// that everything behind them (later encoders, read-out of first or last steps) finds the modality's own steps where
/// they were. Padding stays padding: prompts are real steps in front of it. Positions: the encoder counts steps from the
/// front; each own step is shifted by (code of its position without prompts − code with them)/√width, so that after the
/// encoder's x·√width + code it carries the position it was pretrained with, and only attention sees the prompts. Where
/// the encoders run over the joined sequences (early fusion), positions are those of the whole.
/// The output at the start is not the base's: prompts take a share of the attention.
/// Settings: `length` (P, 8), `train_head` (true).
public final class PromptTuning: Module, Attachment, TuningMethod {
  /// Prompts by modality.
  @Child("prompts") public var prompts: NamedModules
  private let length: Int
  private let trainsHead: Bool
  private var positions = PositionalEmbedding(width: 1)
  /// Whether the first encoder reads all modalities as one sequence.
  private var readsJoined = false

  /// Reads the settings.
  public init(_ settings: SettingsReader) throws(Fault) {
    length = try settings.int("length", default: 8, in: 1...)
    trainsHead = try settings.trainsHead()
    super.init()
    prompts = NamedModules()
  }

  /// Gives every modality its prompt.
  public func install(on model: MultimodalModel) throws(Fault) {
    _ = try model.layers(for: "prompt")
    let shapes = try StageShapes(of: model)
    guard let width = shapes.embedded.first, shapes.embedded.allSatisfy({ $0 == width }) else {
      throw Fault(
        .usage, "prompts need modalities of one width", key: "--method", found: "\(shapes.embedded)",
        expected: "an architecture that projects all modalities alike")
    }
    model.freeze(trainingHead: trainsHead)
    readsJoined = !shapes.encodesSeparately && shapes.isJoined
    positions = PositionalEmbedding(width: width)
    for modality in model.configuration.modalities { prompts[modality.name] = Prompt(length, width) }
    model.attach(self)
  }

  /// The prompts are steps in front of the modalities' own.
  public var sequenceEffect: SequenceEffect { .prependsSteps }

  /// Before the first encoders and behind them.
  public var stages: Stages { readsJoined ? .fused : .encoded }

  /// Puts the prompts in front and keeps the positions of what is behind.
  public func embedded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    let extended = zip(tokens, prompts.entries).map { tokens, entry -> Tokens in
      guard let prompt = entry.module as? Prompt else { return tokens }
      let batch = tokens.values.size(0)
      let front = Tensor.ones([batch, length], dtype: .bool, device: tokens.values.device)
      return Tokens(
        .concatenated([prompt.steps.unsqueezed(0).expanded(batch, -1, -1), tokens.values], 1),
        mask: tokens.mask.map { .concatenated([front, $0], 1) })
    }
    let (before, after) = (codes(tokens), codes(extended))
    return extended.indices.map { index in
      let own = (before[index] - after[index].slice(1, length)) / Double(tokens[index].values.size(2)).squareRoot()
      return Tokens(
        extended[index].values + own.padded([0, 0, length, 0]), mask: extended[index].mask)
    }
  }

  /// Takes the prompts out again.
  public func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    readsJoined ? tokens : tokens.map { strip($0) }
  }

  /// Takes the prompts out of a joined sequence.
  public func fused(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    guard readsJoined else { return tokens }
    let lengths = context.encoded.map(\.length)
    return tokens.map { joined in Tokens.joined(joined.split(lengths).map { strip($0) }) }
  }

  private func strip(_ tokens: Tokens) -> Tokens {
    Tokens(tokens.values.slice(1, length), mask: tokens.mask?.slice(1, length))
  }

  /// Codes of positions as the encoder will add them, `[1 or B, L, width]` for each modality.
  private func codes(_ tokens: [Tokens]) -> [Tensor] {
    guard readsJoined else {
      return tokens.map { positions(length: $0.length, mask: $0.mask, like: $0.values) }
    }
    let joined = Tokens.joined(tokens)
    return positions(length: joined.length, mask: joined.mask, like: joined.values)
      .split(tokens.map(\.length), 1)
  }
}

/// The trained steps of one modality.
final class Prompt: Module {
  /// `[P, width]`.
  @Parameter var steps: Tensor

  init(_ length: Int, _ width: Int) {
    super.init()
    steps = Tensor.normal([length, width]) * 0.02
  }
}
