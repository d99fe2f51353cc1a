import Torch

extension PromptSite {
  /// The stages at which an attachment must act to append there.
  var stages: Stages { stage == .encoded ? .encoded : [] }

  /// Appends steps `[B or 1, M, P, width]` to the sequences of all modalities.
  static func append(_ steps: Tensor, to tokens: [Tokens]) -> [Tokens] {
    tokens.enumerated().map { index, tokens in
      let batch = tokens.values.size(0)
      let own = steps.select(1, index).expanded(batch, -1, -1)
      return .joined([tokens, Tokens(own)])
    }
  }

  /// The site in a backbone, as the backbone names it.
  /// - Throws: `Fault(.usage)` where nothing can be missing, a modality is an image, or the architecture takes no prompts.
  init(in backbone: any Backbone, method: String) throws(Fault) {
    try Self.checkModalities(backbone.configuration, method: method)
    guard let site = backbone.promptSite else {
      throw Fault(
        .usage, "the architecture takes no prompts", key: method, found: backbone.configuration.architecture,
        expected: "a backbone with a prompt site",
        remedy: "use zero_fill, mean_fill or modality_dropout, or give the backbone a promptSite")
    }
    self = site
  }

  /// The site in a model, probed with one sample of zeros.
  /// - Throws: `Fault(.usage)` as `init(in:method:)`, for steps of another width, and for a read-out that does not attend
  ///   to steps that are appended there.
  init(probing model: MultimodalModel, method: String) throws(Fault) {
    try self.init(in: model.backbone, method: method)
    let (site, backbone) = (self, model.backbone)
    let (widths, representations) = model.evaluating {
      noGrad { () -> ([Int], [Tensor]) in
        let embedded = backbone.embed(backbone.zeroSample)
        let tokens = site.stage == .embedded ? embedded : backbone.encode(embedded, afterLayer: nil)
        let widths = tokens.map { $0.values.size(2) }
        guard widths.allSatisfy({ $0 == site.width }) else { return (widths, []) }
        let like = tokens[0].values
        let step = Tensor.ones([1, tokens.count, 1, site.width], dtype: like.dtype, device: like.device)
        let both = [tokens, Self.append(step, to: tokens)].map { tokens in
          let encoded = site.stage == .embedded ? backbone.encode(tokens, afterLayer: nil) : tokens
          return backbone.represent(backbone.fuse(encoded))
        }
        return (widths, both)
      }
    }
    guard !representations.isEmpty else {
      throw Fault(
        .usage, "steps at the backbone's prompt site have another width than it says", key: method,
        found: widths.map(String.init).joined(separator: ", "),
        expected: "\(width) features after \(stage.rawValue)", remedy: "correct the promptSite of the backbone")
    }
    let (without, with) = (representations[0], representations[1])
    guard without.shape == with.shape, without.floats != with.floats else {
      throw Fault(
        .usage, "the backbone's read-out does not attend to steps at its prompt site", key: method,
        found: without.shape == with.shape
          ? "the same representation with a further step" : "\(with.shape) in place of \(without.shape)",
        expected: "a representation of the same shape and other values",
        remedy: "let the promptSite of \(model.configuration.architecture) name other stages, or be nil")
    }
  }

  /// Refuses configurations that methods for missing modalities cannot serve.
  static func checkModalities(_ configuration: ModelConfiguration, method: String) throws(Fault) {
    try checkCount(configuration, method: method)
    if let image = configuration.modalities.first(where: \.isMapped) {
      throw Fault(
        .usage, "the method serves sequences and vectors only", key: method,
        found: "the \(image.kind.rawValue) \(image.name)",
        expected: "a model of sequences and vectors",
        remedy: "use prompts, shared_specific, zero_fill, mean_fill or modality_dropout")
    }
  }

  /// Refuses a model in which nothing can be missing.
  static func checkCount(_ configuration: ModelConfiguration, method: String) throws(Fault) {
    guard configuration.modalities.count > 1 else {
      throw Fault(
        .usage, "the method needs a modality that can be missing", key: method, found: "1 modality",
        expected: "a model of 2 modalities or more")
    }
  }
}

extension MultimodalModel {
  /// Refuses a model whose embedded sequences cannot be made up by a method: each step of an input must become one step
  /// of the model's width.
  func checkEmbedding(for method: String) throws(Fault) {
    try PromptSite.checkModalities(configuration, method: method)
    let found = evaluating { noGrad { backbone.embed(backbone.zeroSample).map { Array($0.values.shape.dropFirst()) } } }
    let expected = configuration.modalities.map { [$0.steps, configuration.width] }
    guard found == expected else {
      throw Fault(
        .usage, "the method makes up embedded sequences, and this backbone embeds in another form", key: method,
        found: "\(found) steps and features", expected: "\(expected)",
        remedy: "use zero_fill, mean_fill, modality_dropout or missing_aware_prompts")
    }
  }
}
