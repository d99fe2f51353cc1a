import Torch

/// Where a backbone takes further steps behind its sequences, such that its read-out attends to them.
///
/// `mult`: behind the input of each memory encoder, width (M − 1)·d, whose last step is read out. Encoder and early
/// fusion: behind each modality's part of the fusion encoder's input. Late fusion: behind the input of each encoder.
struct ExtraSteps {
  /// Between which stages.
  enum Place { case embedded, encoded }

  /// Between which stages.
  let place: Place
  /// Features of a step there.
  let width: Int

  /// The place in a backbone.
  /// - Throws: `Fault(.usage)` for a backbone without sequences, or one of unknown architecture.
  init(_ backbone: any Backbone, method: String) throws(Fault) {
    let configuration = backbone.configuration
    guard configuration.modalities.count > 1 else {
      throw Fault(
        .usage, "the method needs a modality that can be missing", key: method, found: "1 modality",
        expected: "a model of 2 modalities or more")
    }
    if let image = configuration.modalities.first(where: { $0.kind == .image }) {
      throw Fault(
        .usage, "the method serves sequences and vectors only", key: method, found: "the image \(image.name)",
        expected: "a model of sequences and vectors")
    }
    switch backbone {
    case is CrossModal: self.init(place: .encoded, width: (configuration.modalities.count - 1) * configuration.width)
    case is EncoderFusion, is EarlyFusion: self.init(place: .encoded, width: configuration.width)
    case is LateFusion: self.init(place: .embedded, width: configuration.width)
    default:
      throw Fault(
        .usage, "the method does not know where this architecture takes prompts", key: method,
        found: configuration.architecture, expected: "mult, late_fusion, early_fusion or encoder_fusion")
    }
  }

  private init(place: Place, width: Int) { (self.place, self.width) = (place, width) }

  /// The stages that an attachment must ask for to append there.
  var stages: Stages { place == .encoded ? [.encoded] : [.embedded] }

  /// Appends steps `[B or 1, M, P, width]` to the sequences of all modalities.
  static func append(_ steps: Tensor, to tokens: [Tokens]) -> [Tokens] {
    tokens.enumerated().map { index, tokens in
      let batch = tokens.values.size(0)
      let own = steps.select(1, index).expanded(batch, -1, -1)
      return .joined([tokens, Tokens(own)])
    }
  }
}
