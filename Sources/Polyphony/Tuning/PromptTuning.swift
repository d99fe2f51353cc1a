import Torch

/// Prompt tuning: trained steps before each modality's projected sequence (Lester et al. 2021), and the head.
///
/// x_m ← [P_m ; x_m] with P_m `[P, width]`. The first encoders read the prompts. The method removes them afterwards, so
/// that later encoders and read-outs of first or last steps find the modality's own steps in their places. Prompts are
/// real steps before the sequence, and padding stays padding.
///
/// The encoder counts positions from the first prompt. So each own step is shifted by (code of its position without
/// prompts − code with them)/√width. After the encoder's x·√width + code it has the position of pretraining, and only
/// attention sees the prompts. If the encoders run over the joined sequences (early fusion), positions are those of the
/// whole. The output at the start differs from the base's, because prompts take a share of the attention.
///
/// Settings: `length` (P, 8), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "length: 4", file: "recipe")
/// let (prompt, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try PromptTuning(reader) }
/// let installation = try Installation(prompt, on: model)
/// ```
public final class PromptTuning: Module, Attachment, TuningMethod {
  /// The prompts by modality.
  @Child("prompts") public var prompts: NamedModules
  private let length: Int
  private let trainsHead: Bool
  private var positions = PositionalEmbedding(width: 1)
  /// True if the first encoder reads all modalities as one sequence.
  private var readsJoined = false

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ settings: SettingsReader) throws(Fault) {
    length = try settings.int("length", default: 8, in: 1...1024)
    trainsHead = try settings.trainsHead()
    super.init()
    prompts = NamedModules()
  }

  /// True, since a probe shows the shapes of the model's stages.
  public var runsModelToInstall: Bool { true }

  /// Adds a prompt to every modality.
  /// - Throws: `Fault(.usage)` for a model without transformer layers, and for modalities of different widths.
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

  /// The method adds its steps before those of the modalities.
  public var sequenceEffect: SequenceEffect { .prependsSteps }

  /// The stages at which the method removes its steps again.
  public var stages: Stages { readsJoined ? .fused : .encoded }

  /// Adds the prompts and corrects the positions of the steps after them.
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

  /// Removes the prompts.
  public func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    readsJoined ? tokens : tokens.map { strip($0) }
  }

  /// Removes the prompts from a joined sequence.
  public func fused(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    guard readsJoined else { return tokens }
    let lengths = context.encoded.map(\.length)
    return tokens.map { joined in Tokens.joined(joined.split(lengths).map { strip($0) }) }
  }

  private func strip(_ tokens: Tokens) -> Tokens {
    Tokens(tokens.values.slice(1, length), mask: tokens.mask?.slice(1, length))
  }

  /// The codes of the positions that the encoder will add, `[1 or B, L, width]` for each modality.
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
  /// The prompt P_m, `[P, width]`.
  @Parameter var steps: Tensor

  init(_ length: Int, _ width: Int) {
    super.init()
    steps = Tensor.normal([length, width]) * 0.02
  }
}
